"""The ``habeas`` command: run, look at and repair a deployment. Every failure ends in one clear sentence."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answers people's rights over their data, for custodians that hold it on behalf of many data owners.",
)
catalogue_app = typer.Typer(no_args_is_help=True, help="Owners, products, logins and clients.")
app.add_typer(catalogue_app, name="catalogue")


@app.command()
def up() -> None:
    """Start everything on this machine, and stay until Ctrl-C."""
    raise typer.Exit(_local("infra.stack.up").run())


@app.command()
def down() -> None:
    """Stop what `habeas up` started."""
    raise typer.Exit(_local("infra.stack.down").run())


@app.command()
def doctor() -> None:
    """Say what works, what does not, and what to do about it."""
    raise typer.Exit(_local("infra.stack.doctor").run())


@app.command()
def demo(
    requests: Annotated[int, typer.Option(min=1, help="How many made-up people ask.")] = 10,
    together: Annotated[int, typer.Option(min=1, help="How many of them at the same time.")] = 8,
) -> None:
    """Drive made-up people through the whole path, by the public pages and APIs alone."""
    raise typer.Exit(_local("infra.demo.driver").run(requests, together))


@app.command()
def topics(
    create: Annotated[
        bool, typer.Option("--create", help="Create what is missing; never changes what exists.")
    ] = False,
) -> None:
    """Show the topics: what they are for, who writes and reads them, and whether they exist."""
    _verb("topics").topics(create)


@app.command()
def journey(id: Annotated[str, typer.Argument(help="A request's id, or its number (HB-….)")]) -> None:  # noqa: A002
    """Print a request's journey: every event in order, a line each."""
    _verb("journey").journey(id)


@app.command()
def parked() -> None:
    """Show the records that could not be handled, and why."""
    _verb("parked").parked()


@app.command()
def rebuild(
    service: Annotated[str | None, typer.Argument(help="A service; all of them if left out.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare the caches with the log, byte by byte.")] = False,
) -> None:
    """Build the state of a stopped service from its log anew, or check that it is what the log says."""
    _verb("rebuild").rebuild(service, check)


@catalogue_app.command("apply")
def catalogue_apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    logins: Annotated[
        str, typer.Option(help="A module with LOGINS and SECRETS, for accounts and clients without any. Demo only.")
    ] = "",
) -> None:
    """Make the catalogue say what FILE says; what is not in the file is left as it is."""
    _verb("catalogue").apply(file, logins)


@catalogue_app.command("show")
def catalogue_show() -> None:
    """Show owners, products and clients."""
    _verb("catalogue").show()


@catalogue_app.command("secret")
def catalogue_secret(
    client: Annotated[str, typer.Argument(help="The id of a registered client.")],
    alone: Annotated[bool, typer.Option("--alone", help="The secrets before it are good for nothing at once.")] = False,
) -> None:
    """Make a secret for a program and show it, this once. The one before it stays good until the next."""
    _verb("clients").secret(client, alone)


def main() -> None:
    """The console script. Bad settings and an absent broker end in one sentence, not in a trace."""
    _load_keys()
    from aiokafka.errors import KafkaError

    from services.runtime.bus import BusUnavailable

    try:
        app()
    except ValidationError as error:
        names = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        sys.exit(f"These settings are missing or wrong: {', '.join(names)}. `habeas up` makes keys for the demo.")
    except (KafkaError, BusUnavailable) as error:
        sys.exit(f"The broker does not answer ({type(error).__name__}). Is it running? `habeas doctor` tells.")


def _load_keys() -> None:
    """Outside the supervisor, take the demo's keys and broker from where `habeas up` left them."""
    home = Path(os.environ.get("HABEAS_HOME", ".habeas"))
    for name in ("keys.json", "run.json"):
        try:
            found = json.loads((home / name).read_text())
        except (OSError, ValueError):
            continue
        if name == "keys.json":
            for key, value in found.items():
                if key.startswith("HABEAS_"):
                    os.environ.setdefault(key, value)
        else:
            os.environ.setdefault("KAFKA_BOOTSTRAP_SERVERS", found["kafka"])


def _verb(name: str) -> Any:
    return import_module(f"services.runtime.commands.{name}")


def _local(name: str) -> Any:
    """A part of the checkout that an installed package does not bring: the local broker, the demo world."""
    try:
        return import_module(name)
    except ModuleNotFoundError as absent:
        if absent.name and absent.name.split(".")[0] == "infra":
            sys.exit("This command needs a checkout of the project: run it from there.")
        raise


if __name__ == "__main__":
    main()
