"""What is generated from the registry of metrics: the table in infra/metrics.md and the dashboard for Grafana."""

from infra.grafana.dashboard import DASHBOARD, dashboard, expressions
from infra.grafana.table import TABLE, table

__all__ = ["DASHBOARD", "TABLE", "dashboard", "expressions", "table"]
