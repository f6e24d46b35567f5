{{ config(materialized='table') }}
-- The calls of models as the data contract wants them: what a connector, or a mapping of your own, would make.
select * from {{ source('tracker', 'model_calls') }}
