"""The figures of a run as bars, in one self-contained SVG: one scale for each unit."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, ROW, LABEL, LONGEST = 760, 24, 240, 400

GROUPS: Mapping[str, Sequence[str]] = {
    "Events per second, one process": ("decider_events_per_s", "bare_loop_events_per_s"),
    "Milliseconds from submission to the end": (
        "submit_to_completed_p50_ms",
        "submit_to_completed_p99_ms",
        "burst_p50_ms",
        "burst_p99_ms",
    ),
    "Milliseconds until a submission is received, 300 a second": ("intake_p50_ms", "intake_p99_ms", "intake_worst_ms"),
    "Processor milliseconds per submission": ("intake_cpu_ms_intake", "intake_cpu_ms_broker"),
    "Processor milliseconds per request, all processes": ("cpu_ms_per_request",),
    "Memory in MB (PSS)": ("pss_mb_largest_service", "pss_mb"),
}


def bars(figures: Mapping[str, float]) -> str:
    """The chart. Bars compare within their group only."""
    drawn, top = [], 10
    for title, names in GROUPS.items():
        drawn.append(f'<text x="10" y="{top + 16}" font-weight="bold">{escape(title)}</text>')
        longest = max(figures[name] for name in names) or 1.0
        for number, name in enumerate(names, start=1):
            drawn.append(_bar(top + number * ROW, name, figures[name], LONGEST * figures[name] / longest))
        top += ROW * (len(names) + 1) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(drawn)}</svg>\n'
    )


def _bar(top: int, name: str, figure: float, width: float) -> str:
    return (
        f'<text x="10" y="{top + 16}">{escape(name)}</text>'
        f'<rect x="{LABEL}" y="{top + 4}" width="{width:.0f}" height="16" rx="3" fill="#0f5c6c"/>'
        f'<text x="{LABEL + width + 8:.0f}" y="{top + 16}">{figure:,.1f}</text>'
    )
