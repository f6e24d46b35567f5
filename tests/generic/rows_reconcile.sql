{# Nothing disappears: a source and load day of which raw rows and judged rows differ in number. #}
{% test rows_reconcile(model) %}
select source, load_day, raw, accepted, duplicate, quarantined, raw - accepted - duplicate - quarantined as unread
from {{ model }}
where raw <> accepted + duplicate + quarantined
{% endtest %}
