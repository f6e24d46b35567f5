"""What every model of attribution gives each channel, from credits and paths that SQL has counted."""

from ai_impact_stats import attribute_channels, read, write


def model(dbt, session):
    credits = read(dbt.ref("moments_channel_credits"))
    paths = read(dbt.ref("moments_channel_paths"))
    return write(attribute_channels(credits, paths), session)
