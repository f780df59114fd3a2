"""Builds the operator out of its parts and starts it."""

import asyncio
import platform
import sys
from importlib.metadata import version
from time import monotonic

from anmc.api.origins import AllowedOrigins
from anmc.clients.clock import SystemClock as ClientClock
from anmc.clients.pacing.pacers import Pacers
from anmc.cluster.connection import connect
from anmc.cluster.events import EventRecorder
from anmc.cluster.integrations import Integrations
from anmc.cluster.lease import Elector
from anmc.cluster.reports import Reports
from anmc.cluster.secrets import Secrets
from anmc.cluster.status import StatusWriter
from anmc.controller.announcements import Announcer, status_given_up
from anmc.controller.clock import SystemClock
from anmc.controller.lifecycle import Operator, Tasks
from anmc.controller.pruner import Pruner
from anmc.controller.registry import Entry
from anmc.controller.runner import Runner
from anmc.controller.scheduler import Scheduler
from anmc.controller.services import Services
from anmc.controller.views import views
from anmc.controller.world import World
from anmc.errors import SettingsInvalid, StoreUnavailable
from anmc.observability.collector import IntegrationCollector
from anmc.observability.health import PRUNER_LIMIT, SCHEDULER_LIMIT, Health, HttpEndpoint
from anmc.observability.logs import configure_logging, get_logger
from anmc.observability.metrics import CONTENT_TYPE, Metrics
from anmc.observability.scheduling import SchedulerCollector
from anmc.observability.services import ServiceHistory
from anmc.settings import Settings, read_settings
from anmc.store.store import Store

EXIT_FAILED, EXIT_SETTINGS = 1, 2


def main() -> int:
    """Run the operator until it is told to stop; return the exit code (api.md 8)."""
    try:
        settings = read_settings()
        origins = AllowedOrigins.parse(settings.allowed_origins)
        log_format = settings.log_format or ("console" if sys.stdout.isatty() else "json")
        configure_logging(level=settings.log_level, log_format=log_format, shard=settings.shard)
        return asyncio.run(run(settings, origins))
    except SettingsInvalid as error:
        sys.stderr.write(f"anmc-operator: {error.sentence}\n")
        return EXIT_SETTINGS
    except StoreUnavailable as error:
        sys.stderr.write(f"anmc-operator: {error.sentence}\n")
        return EXIT_FAILED


async def run(settings: Settings, origins: AllowedOrigins) -> int:
    """Wire the parts together and run them.

    Raises:
        SettingsInvalid: a setting cannot be used; nothing was started.
        StoreUnavailable: the store cannot be opened.
    """
    clock, tasks = SystemClock(), Tasks()
    metrics = Metrics(
        version=version("anmc"),
        python_version=platform.python_version(),
        kopf_version=version("kopf"),
        shard=settings.shard,
        shards=settings.shards,
    )
    hash_key = settings.hash_key.get_secret_value().encode() if settings.hash_key else None
    async with connect() as api:
        store = await Store.open(settings.database_url.get_secret_value(), hash_key=hash_key)
        log = get_logger()
        elector = Elector(
            api,
            namespace=settings.lease_namespace,
            name=settings.lease_name,
            identity=settings.identity,
            on_waiting=lambda: log.info("lease.waiting"),
        )
        secrets, integrations, events = (
            Secrets(api),
            Integrations(api, namespaces=settings.namespaces),
            EventRecorder(api, meter=lambda result: metrics.kube_write("event", result)),
        )

        async def take_turn(entry: Entry) -> None:
            await runner.take_turn(entry)

        scheduler = Scheduler(clock=clock, take_turn=take_turn, spawn=tasks.spawn)
        world = World(
            clock=clock,
            registry=scheduler.registry,
            services=Services(secrets, origins, Pacers(ClientClock(), ServiceHistory()), metrics),
            store=store,
            integrations=integrations,
            writer=StatusWriter(
                integrations, meter=lambda result: metrics.kube_write("status", result), given_up=status_given_up
            ),
            reports=Reports(api),
            announcer=Announcer(events),
            metrics=metrics,
            slots=asyncio.Semaphore(settings.max_concurrent_runs),
            is_leading=elector.is_valid,
            is_draining=lambda: scheduler.is_draining,
        )
        runner = Runner(world)
        pruner = Pruner(integrations, scheduler.registry, clock, repaired=metrics.watch_repaired)
        metrics.registry.register(IntegrationCollector(lambda: views(scheduler.registry)))
        health = Health(
            shard=settings.shard,
            lease_age=lambda: monotonic() - elector.tried_at,
            leader_ages={
                "scheduler": (lambda: clock.monotonic() - scheduler.heartbeat, SCHEDULER_LIMIT),
                "prune": (lambda: clock.monotonic() - pruner.succeeded_at, PRUNER_LIMIT),
            },
        )
        metrics.registry.register(
            SchedulerCollector(lambda: views(scheduler.registry), ages=health.ages, now=clock.now)
        )
        endpoint = HttpEndpoint(health, metrics.render, content_type=CONTENT_TYPE)
        operator = Operator(
            namespaces=settings.namespaces,
            elector=elector,
            scheduler=scheduler,
            pruner=pruner,
            secrets=secrets,
            events=events,
            metrics=metrics,
            health=health,
            tasks=tasks,
        )
        try:
            port = await _listen(endpoint, settings)
            lag = tasks.spawn(health.watch_lag(metrics.lag))
            log.info("operator.started", version=version("anmc"), port=port, kopf=version("kopf"))
            code = await operator.run()
            lag.cancel()
            log.info("operator.stopped")
            return code
        finally:
            await endpoint.stop()
            await store.close()


async def _listen(endpoint: HttpEndpoint, settings: Settings) -> int:
    host, port = settings.http_host_and_port
    try:
        return await endpoint.start(host, port)
    except OSError as error:
        raise SettingsInvalid(
            f"ANMC_HTTP_ADDRESS: cannot listen there ({error.strerror})", remedy="Choose a free address."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
