{#
    Marketing touches from a table of Segment (`tracks` or `pages`), as `touches`: see docs/connectors.md. A row is a touch where a channel is known: by
    its campaign, or by the expression for `channel`.
#}
{% macro from_segment_tracks(tracks, received_at='received_at', source_name='segment', where=none) -%}
{%- set given = ai_impact.check_given('from_segment_tracks', kwargs, ai_impact.touch_columns()) -%}
with tracks as (
    {{- ai_impact.read_landed(tracks, {
        'id': ['string', 'message_id'], 'anonymous_id': 'string', 'user_id': 'string',
        'occurred_at': ['timestamp', 'timestamp', 'original_timestamp', 'sent_at'],
        'medium': ['string', 'context_campaign_medium', 'utm_medium'],
        'campaign_source': ['string', 'context_campaign_source', 'utm_source'],
        'campaign_name': ['string', 'context_campaign_name', 'utm_campaign']
    }, given, received_at, where, 'touches') }}
),

final as (
    select
    {{- ai_impact.contract_columns('touches', {
        'event_id': 'id',
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'occurred_at',
        'received_at': 'coalesce(received_at, occurred_at)',
        'visitor_id': 'coalesce(anonymous_id, user_id)',
        'channel': 'lower(coalesce(medium, campaign_source))',
        'campaign': 'campaign_name',
    }, given) }}
    from tracks
    where {{ 'given_channel' if 'channel' in given else 'coalesce(medium, campaign_source)' }} is not null
)

select * from final
{%- endmacro %}

{# Marketing touches from the events of Snowplow, as `touches`: the same, with what it knows of the referrer. Copies of an event count once. #}
{% macro from_snowplow_events(events, received_at='received_at', source_name='snowplow', where=none) -%}
{%- set given = ai_impact.check_given('from_snowplow_events', kwargs, ai_impact.touch_columns()) -%}
with landed_events as (
    {{- ai_impact.read_landed(events, {
        'event_id': 'string', 'domain_userid': 'string', 'network_userid': 'string', 'user_id': 'string',
        'collector_tstamp': 'timestamp', 'derived_tstamp': ['timestamp', 'derived_tstamp', 'dvce_created_tstamp'],
        'mkt_medium': 'string', 'mkt_source': 'string', 'mkt_campaign': 'string', 'refr_medium': 'string'
    }, given, received_at, where, 'touches') }}
),

events as (
    select
        *,
        -- A referrer within the site, or one that nobody knows, is no channel.
        coalesce(mkt_medium, mkt_source, case when lower(refr_medium) not in ('internal', 'unknown') then refr_medium end) as medium,
        row_number() over (partition by event_id order by collector_tstamp, derived_tstamp) as event_copy
    from landed_events
),

final as (
    select
    {{- ai_impact.contract_columns('touches', {
        'event_id': 'event_id',
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'coalesce(derived_tstamp, collector_tstamp)',
        'received_at': 'coalesce(received_at, collector_tstamp)',
        'visitor_id': 'coalesce(domain_userid, network_userid, user_id)',
        'channel': 'lower(medium)',
        'campaign': 'mkt_campaign',
    }, given) }}
    from events
    where event_copy = 1 and {{ 'given_channel' if 'channel' in given else 'medium' }} is not null
)

select * from final
{%- endmacro %}

{# What a touch may be given by whoever maps it. #}
{% macro touch_columns() %}
    {{- return(['channel', 'campaign', 'cost_amount', 'is_ai_generated', 'use_case_id', 'visitor_id']) -}}
{% endmacro %}
