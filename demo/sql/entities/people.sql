-- Everyone who works here, and how skilled they are.
create or replace table people as
select
    teams.team_id,
    teams.area,
    k.k,
    'p-' || teams.team_id || '-' || k.k as person_id,
    z('skill', teams.team_id || k.k) as skill,
    teams.area = 'sales'
    and u('choice', teams.team_id || k.k) < 1 / (1 + exp(0.4 - $research_choice_slope * z('skill', teams.team_id || k.k))) as is_adopter,
    cast(timestamp '$research_starts' + to_days(cast(7 * draw('choice week', teams.team_id || k.k, 6) as integer)) as timestamp) as chose_at
from teams, range(teams.people) as k (k);
