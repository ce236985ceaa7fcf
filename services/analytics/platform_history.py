"""The history of all vaults of a base asset: changes by bucket, summed up and carried through quiet buckets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from services.analytics.history import Buckets, Resolution


class AssetChange(NamedTuple):
    """How the sums over the vaults of a base asset changed in the bucket that starts at `at` (seconds since 1970)."""

    at: int
    base_asset: str
    tvl: int
    pnl: int
    vaults: int


class AssetPoint(NamedTuple):
    """The sums over the vaults of a base asset at the end of the bucket that starts at `at`.

    Amounts are in its smallest unit; vaults counts those with an event by then.
    """

    at: int
    base_asset: str
    tvl: int
    pnl: int
    vaults: int


def platform_history(changes: Iterable[AssetChange], resolution: Resolution, wanted: Buckets) -> list[AssetPoint]:
    """For each bucket a point of each base asset that had an event by its end; by time, then lower-case asset.

    What changed before the first bucket counts from it on.
    """
    by_asset: defaultdict[str, dict[int, AssetChange]] = defaultdict(dict)
    for change in changes:
        by_asset[change.base_asset][change.at] = change
    points = []
    for asset, found in by_asset.items():
        tvl = pnl = vaults = 0
        for at in range(wanted.first - resolution.seconds, wanted.last + resolution.seconds, resolution.seconds):
            if at in found:
                step = found[at]
                tvl, pnl, vaults = tvl + step.tvl, pnl + step.pnl, vaults + step.vaults
            if vaults and at >= wanted.first:
                points.append(AssetPoint(at, asset, tvl, pnl, vaults))
    return sorted(points, key=_place)


def _place(point: AssetPoint) -> tuple[int, str]:
    return point.at, point.base_asset.lower()
