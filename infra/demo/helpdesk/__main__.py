"""The support system as a process: python -m infra.demo.helpdesk."""

import asyncio

from infra.demo.helpdesk.calling import keep_calling
from infra.demo.helpdesk.pages import create
from infra.demo.helpdesk.tickets import Tickets
from infra.demo.logins import SECRETS
from infra.demo.serving import Surroundings, run, serve

PORT = 7
CLIENT = "helpdesk"


async def main(here: Surroundings) -> None:
    tickets, news = Tickets.open(here.home), asyncio.Event()
    app = create(tickets, SECRETS["DEMO_TICKETS_TOKEN"], news)
    app.state.loop = asyncio.get_running_loop()
    url = f"http://127.0.0.1:{here.port_base}/v1/tickets/{CLIENT}"
    calling = asyncio.create_task(keep_calling(tickets, url, SECRETS["DEMO_TICKETS_SIGNING"], news))
    try:
        await serve([(app, here.port_base + PORT)])
    finally:
        calling.cancel()
        tickets.store.close()


if __name__ == "__main__":
    run(main(Surroundings.read()))
