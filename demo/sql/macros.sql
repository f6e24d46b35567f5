-- Randomness is a hash of the seed, the name of a stream and a row's number: any thread may draw any row, in any order.
create or replace macro u(stream, i) as (hash(xor(hash(i), hash(stream || '$seed'))) >> 11) / 9007199254740992.0;
create or replace macro z(stream, i) as sqrt(-2 * ln(1 - u(stream || ' radius', i))) * cos(2 * pi() * u(stream || ' angle', i));
-- Log-normal with mean 1.
create or replace macro lognormal(stream, i, sigma) as exp(sigma * z(stream, i) - sigma * sigma / 2);
-- A standard normal cut at both ends: symmetric, so that a factor 1 + slope * x keeps its mean.
create or replace macro cut(x) as greatest(-1.8, least(1.8, x));
create or replace macro draw(stream, i, n) as cast(floor(u(stream, i) * n) as bigint);
create or replace macro plus_hours(t, h) as t + to_seconds(cast(round((h) * 3600) as bigint));
create or replace macro bucket(stream, i) as cast(floor(u(stream, i) * 4096) as integer);
-- People work by day; machines and outages don't care.
create or replace macro office_time(day, stream, i) as plus_hours(cast(day as timestamp), 8 + 9.5 * u(stream, i));
create or replace macro any_time(day, stream, i) as plus_hours(cast(day as timestamp), 24 * u(stream, i));
-- One person has an old id in every team: used until February, linked to the new one in identity_links.
create or replace macro person(team, k, t) as
    'p-' || team || '-' || k || case when k = 1 and t < timestamp '2026-02-01' then '-old' else '' end;
create or replace macro account(k) as 'acc-' || k;
create or replace macro complexity_of(stream, i) as
    case when u(stream, i) < 0.4 then 'low' when u(stream, i) < 0.8 then 'medium' else 'high' end;
-- Mean 1 over the three classes.
create or replace macro complexity_factor(c) as case c when 'low' then 0.7 when 'medium' then 1.0 else 1.6 end;
create or replace macro is_bad_model(t) as t >= timestamp '$bad_model_from' and t < timestamp '$bad_model_to';
