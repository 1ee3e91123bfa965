"""``python -m infra.grafana`` writes both anew."""

import json

from infra.grafana import DASHBOARD, TABLE, dashboard, table

if __name__ == "__main__":
    TABLE.write_text(table())
    DASHBOARD.write_text(json.dumps(dashboard(), indent=2) + "\n")
