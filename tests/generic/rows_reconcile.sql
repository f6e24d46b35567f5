{# Nothing disappears: a source and load day of which raw rows and judged rows differ in number, or in what they say. #}
{% test rows_reconcile(model) %}
select source, load_day, raw, accepted + duplicate + quarantined as judged, raw - accepted - duplicate - quarantined as unread, is_edited
from {{ model }}
where raw <> accepted + duplicate + quarantined or is_edited
{% endtest %}
