"""The eight demo products in one process, each on its own port and database: python -m infra.demo.products."""

import os
import sys

from infra.demo.product import create
from infra.demo.seeding import open_product
from infra.demo.serving import Surroundings, run, serve
from infra.demo.suites import suite
from infra.demo.world import products


def main() -> None:
    token = os.environ.get("HABEAS_PRODUCT_TOKEN")
    if not token:
        sys.exit("HABEAS_PRODUCT_TOKEN is not set: the products would be open to anybody.")
    here = Surroundings.read()
    stores = [open_product(suite(product.slug), here.home) for product in products()]
    try:
        apps = [create(suite(product.slug), store, token) for product, store in zip(products(), stores, strict=True)]
        run(serve([(app, here.port_base + product.port) for app, product in zip(apps, products(), strict=True)]))
    finally:
        for store in stores:
            store.close()


if __name__ == "__main__":
    main()
