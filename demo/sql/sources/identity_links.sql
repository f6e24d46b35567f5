with links as (
    select 'person' as id_type_a, person_id as id_a, 'employee' as id_type_b, 'e-' || md5(person_id)[:8] as id_b, timestamp '$first_day' as occurred_at
    from people where $is_first_chunk
    union all
    select 'employee', 'e-' || md5(person_id)[:8], 'email', person_id || '@example.com', timestamp '$first_day' + interval 1 hour from people where $is_first_chunk
    union all
    -- Two emails of one person, found out later.
    select 'email', person_id || '@example.com', 'email', person_id || '@old.example.com', timestamp '2026-03-15 12:00:00'
    from people where k % 10 = 2 and $is_first_chunk
    union all
    -- Two person ids that were in use at different times.
    select 'person', person_id || '-old', 'person', person_id, timestamp '2026-06-01 08:00:00' from people where k = 1 and $is_first_chunk
    union all
    select 'account', account_id, 'crm', 'crm-' || i, timestamp '$first_day' + interval 2 hour from accounts
    union all
    select 'account', account_id, 'domain', 'customer' || i || '.example', timestamp '$first_day' + interval 3 hour from accounts where u('has domain', i) < 0.6
    union all
    select 'visitor', visitor_id, 'account', account(account_i), office_time(first_day, 'visitor linked', i) from visitors where u('is linked', i) < 0.7
    union all
    select 'visitor', visitor_id, 'email', 'contact' || i || '@customer' || account_i || '.example', office_time(first_day, 'visitor known', i)
    from visitors where u('is known', i) < 0.2
    union all
    -- A second browser of the same contact.
    select 'device', 'd-' || i, 'visitor', visitor_id, office_time(first_day, 'device linked', i) from visitors where u('is known', i) < 0.1
    union all
    select 'device', 'kiosk-lobby', 'visitor', visitor_id, office_time(first_day, 'kiosk', i) from visitors where i < $kiosk_links
)
select
    'link:' || id_type_a || ':' || id_a || ':' || id_type_b || ':' || id_b as event_id,
    'identity_service' as source,
    occurred_at,
    *
from links
