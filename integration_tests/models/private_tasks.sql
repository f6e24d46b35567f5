-- Refused, which a test checks: only public models of the package can be read, because the others may change in any release.
{{ config(enabled=var('read_a_private_model', false)) }}
select * from {{ ref('ai_impact', 'int_tasks') }}
