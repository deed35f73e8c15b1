"""Everybody's numbers as OpenMetrics text, as Prometheus and others read it.

Source: https://prometheus.io/docs/specs/om/open_metrics_spec/.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import prometheus_client.openmetrics.exposition as untyped
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from interlock.console.fatigue.figures import Figures
from interlock.console.fatigue.ledger import Planted

exposition: Any = untyped

_PERSON = ("person",)


def openmetrics(people: Sequence[Figures], planted: Planted) -> str:
    """Return the text; counters count from the beginning of the log."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(people, planted))
    written: bytes = exposition.generate_latest(registry)
    return written.decode()


class _Numbers(Collector):
    def __init__(self, people: Sequence[Figures], planted: Planted) -> None:
        self._people = people
        self._planted = planted

    def collect(self) -> Iterable[Metric]:
        verdicts = CounterMetricFamily(
            "interlock_verdicts", "What people decided.", labels=("person", "verdict")
        )
        late = CounterMetricFamily("interlock_late_verdicts", "Verdicts that came too late.", labels=_PERSON)
        took = SummaryMetricFamily(
            "interlock_deciding_seconds", "From being asked to deciding.", labels=_PERSON, unit="seconds"
        )
        share = GaugeMetricFamily(
            "interlock_approved_ratio", "Share of what was judged that was approved.", labels=_PERSON
        )
        busiest = GaugeMetricFamily(
            "interlock_busiest_hour_verdicts", "The most verdicts within any hour.", labels=_PERSON
        )
        canaries = CounterMetricFamily(
            "interlock_canaries", "Planted requests, by what became of them.", labels=("person", "end")
        )
        for one in self._people:
            for kind, number in one.verdicts.items():
                verdicts.add_metric((one.person, kind), number)
            late.add_metric((one.person,), one.late)
            took.add_metric((one.person,), one.decided, one.total_s)
            busiest.add_metric((one.person,), one.busiest_hour)
            canaries.add_metric((one.person, "caught"), one.planted_caught)
            canaries.add_metric((one.person, "missed"), one.planted_missed)
            if one.approved_share is not None:
                share.add_metric((one.person,), one.approved_share)
        shown = CounterMetricFamily("interlock_canaries_planted", "Requests that were planted.")
        shown.add_metric((), self._planted.shown)
        return (verdicts, late, took, share, busiest, canaries, shown)
