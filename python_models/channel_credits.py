"""What every model of attribution gives each channel, from credits and paths that SQL has counted."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "credits": dbt.ref("ai_impact", "moments_channel_credits"),
        "paths": dbt.ref("ai_impact", "moments_channel_paths"),
    }
    return result("attribute_channels", tables, dbt, session)
