"""The history of all vaults of a base asset from the changes of each bucket."""

from services.analytics.history import Buckets, Resolution
from services.analytics.platform_history import AssetChange, AssetPoint, platform_history

HOUR = 3_600


def test_sums_are_carried_through_quiet_buckets_and_start_with_an_assets_first_event() -> None:
    changes = [
        AssetChange(-HOUR, "B", 100, 7, 2),
        AssetChange(HOUR, "B", -30, 0, 0),
        AssetChange(2 * HOUR, "a", 5, -1, 1),
    ]
    wanted = Buckets(0, 3 * HOUR, 4 * HOUR - 1)
    assert platform_history(changes, Resolution.HOUR, wanted) == [
        AssetPoint(0, "B", 100, 7, 2),
        AssetPoint(HOUR, "B", 70, 7, 2),
        AssetPoint(2 * HOUR, "a", 5, -1, 1),
        AssetPoint(2 * HOUR, "B", 70, 7, 2),
        AssetPoint(3 * HOUR, "a", 5, -1, 1),
        AssetPoint(3 * HOUR, "B", 70, 7, 2),
    ]


def test_without_a_change_there_is_no_history() -> None:
    assert platform_history([], Resolution.DAY, Buckets(0, 86_400, 100_000)) == []
