"""The way that every request of both services takes: admission, gate, limits, retries."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import httpx

from anmc.api.origins import Origin
from anmc.clients.calls import Answer, Call
from anmc.clients.clock import Clock
from anmc.clients.connections import Connections
from anmc.clients.failures import (
    INVALID,
    NETWORK,
    TIMEOUT,
    CallFailed,
    Cause,
    Denied,
    Doubtful,
    Refused,
    TryFailed,
    Unreadable,
    status_code,
)
from anmc.clients.pacing.limits import End
from anmc.clients.pacing.pacer import Admission, Slot
from anmc.clients.retries import read_retry_after, wait_before_next
from anmc.clients.service import Access, Traits
from anmc.clients.times import clock_offset, read_http_date, started_at
from anmc.clients.translation import translate
from anmc.clients.unpacking import read_body
from anmc.errors import OriginNotAllowed
from anmc.sync.ports import Gate, RequestMeter

T = TypeVar("T")

QUICKLY_READ: Final = 256 * 1024
"""Bytes of an answer that are parsed at once, in some twenty milliseconds; a larger one would hold up the event loop:
a page of 1000 profiles takes it a third of a second."""


class Transport:
    """Sends calls to one origin with one credential, until that is refused: then nothing leaves any more (W15).

    `gate` is asked right before each request, after all waiting. `jitter` returns 0 to 1.
    """

    def __init__(
        self,
        traits: Traits,
        origin: Origin,
        access: Access,
        *,
        admission: Admission,
        gate: Gate,
        meter: RequestMeter,
        clock: Clock,
        connections: Connections,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._traits = traits
        self._origin = origin
        self._access = access
        self._admission = admission
        self._gate = gate
        self._meter = meter
        self._clock = clock
        self._jitter = jitter
        self._connections = connections
        self._pool = connections.join(origin)
        self._denied: Denied | None = None
        self.calls = 0
        """Requests sent so far, retries included."""
        self.clock_offset = timedelta()
        """How far the service's clock is ahead of ours, by its last answer (sync.md W2)."""

    async def aclose(self) -> None:
        """Give back what is shared with other clients."""
        self._admission.close()
        await self._connections.leave(self._origin)

    @property
    def allowed(self) -> Callable[[], float]:
        """What tells how much the credential's limit allows."""
        return self._admission.allowed

    async def send(self, call: Call, read: Callable[[Answer], T]) -> T:
        """Make a call and return what `read` makes of the answer; an `Unreadable` answer is a failed try.

        Raises:
            AuthenticationFailed: the credentials are refused, or were by an earlier call.
            RateLimited: still 429 after the last try.
            ServiceUnavailable: no usable answer after the last try, or no turn in good time.
            Unconfirmed: a write that must not be repeated blindly may have been applied.
            Rejected: this request is refused for good.
            OriginNotAllowed: the call would leave the origin; nothing was sent.
            Interrupted: the gate is closed.
        """
        latest = self._clock.monotonic() + self._traits.patience
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try(call, read, latest)
            except CallFailed as failed:
                failure = failed
            wait = wait_before_next(failure, tries, first_wait=self._traits.first_wait, jitter=self._jitter)
            is_over = tries >= failure.tries or self._clock.monotonic() + wait > latest
            if is_over or not call.repeat.allows(failure):
                # Outside of the handler: nothing of the failed try is chained to it.
                raise translate(failure, call, self._traits, self._access, tries=tries)
            self._report_wait(failure, wait)
            await self._clock.sleep(wait)

    def _build(self, call: Call) -> httpx.Request:
        timeout = httpx.Timeout(call.read_timeout or self._traits.read_timeout, connect=self._traits.connect_timeout)
        request = httpx.Request(
            call.method,
            f"{self._origin}{call.target}",
            content=call.body.content if call.body else None,
            headers={
                "Accept": self._traits.accept,
                "Accept-Encoding": "gzip",
                "User-Agent": "anmc",
                **({"Content-Type": call.body.content_type} if call.body else {}),
                **self._access.headers,
            },
            extensions={"timeout": timeout.as_dict()},
        )
        if not str(request.url).startswith(f"{self._origin}/"):
            raise OriginNotAllowed(f"A request was about to leave {self._origin} and was not sent")
        return request

    async def _try(self, call: Call, read: Callable[[Answer], T], latest: float) -> T:
        asked_at = self._clock.monotonic()
        async with self._admission.slot(call.priority, patience=latest - asked_at) as slot:
            began = self._clock.monotonic()
            if began > asked_at:
                self._meter.waited(self._traits.service, "pacing", began - asked_at)
            if self._denied is not None:  # by the answer to a call that was sent while this one waited
                raise Denied(self._denied.code, how=self._denied.how)
            # Built now, not while it waits: thousands in the line would be built before the first of them is sent.
            request = self._build(call)
            self._gate()
            return await self._send_once(call, request, read, slot)

    async def _send_once(self, call: Call, request: httpx.Request, read: Callable[[Answer], T], slot: Slot) -> T:
        """Send a request; tell the caller, the meter and the pacer."""
        service, operation, began = self._traits.service, call.operation, self._clock.monotonic()
        call.on_sent()
        self.calls += 1
        self._meter.sent(service, operation)
        code, failure = None, None
        try:
            answer = await self._exchange(request, began)
            await self._pool.turnstile.pass_through()
            content = await _read(answer, read)
        except CallFailed as failed:
            code = failed.code
            failure = failed if isinstance(failed, TryFailed) else None
            self._denied = failed if isinstance(failed, Denied) else self._denied
            raise
        else:
            code = answer.code
            return content
        finally:
            seconds = self._clock.monotonic() - began
            self._meter.answered(service, operation, code=code or NETWORK, seconds=seconds)
            if code is not None:  # else cancelled, which says nothing about the service
                kind = operation if operation in self._traits.uniform else None
                slot.end = End(seconds, kind, failure)

    async def _exchange(self, request: httpx.Request, began: float) -> Answer:
        """Send once; every failure of the library becomes ours here, without its text."""
        try:
            async with asyncio.timeout(self._traits.deadline), self._pool.exchange(request) as response:
                return await self._receive(response, began)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            failure = TryFailed(Cause.TIMEOUT, TIMEOUT, is_unsent=True)
        except (httpx.TimeoutException, TimeoutError):
            failure = TryFailed(Cause.TIMEOUT, TIMEOUT, is_unsent=False)
        except (httpx.ConnectError, httpx.ProxyError):
            failure = TryFailed(Cause.NETWORK, NETWORK, is_unsent=True)
        except httpx.HTTPError:
            failure = TryFailed(Cause.NETWORK, NETWORK, is_unsent=False)
        except Unreadable:
            failure = TryFailed(Cause.INVALID, INVALID, is_unsent=False)
        raise failure

    async def _receive(self, response: httpx.Response, began: float) -> Answer:
        status, headers = response.status_code, response.headers
        code, date = status_code(status), read_http_date(headers.get("Date"))
        duration = timedelta(seconds=self._clock.monotonic() - began)
        self._compare_clocks(date, duration)
        if status in {401, 403} or 300 <= status < 400:
            raise Denied(code, how=str(status))
        if status in {408, 429} or status >= 500:
            their_now = date or self._clock.now()
            raise TryFailed(
                Cause.RATE_LIMITED if status == 429 else Cause.SERVER_ERROR,
                code,
                is_unsent=status == 429,
                retry_after=read_retry_after(headers.get("Retry-After"), now=their_now),
            )
        body = await read_body(response.aiter_raw(), encoding=headers.get("Content-Encoding"))
        if status >= 400:
            raise self._refusal(status, body)
        return Answer(
            code=code,
            body=body,
            content_type=headers.get("Content-Type", ""),
            read_at=started_at(
                date,
                received_at=self._clock.now(),
                duration=timedelta(seconds=self._clock.monotonic() - began),
            ),
        )

    def _refusal(self, status: int, body: bytes) -> CallFailed:
        code, phrase = status_code(status), self._traits.denial_phrase
        if phrase and phrase in body:
            return Denied(code, how=str(status))
        return Doubtful(code) if status == 400 and self._traits.repeats_bad_request else Refused(code)

    def _compare_clocks(self, date: datetime | None, duration: timedelta) -> None:
        now = self._clock.now()
        offset = clock_offset(date, sent_at=now - duration, received_at=now)
        if offset is not None:
            self.clock_offset = offset

    def _report_wait(self, failure: CallFailed, wait: float) -> None:
        if not isinstance(failure, TryFailed):
            self._meter.retried(self._traits.service, Cause.SERVER_ERROR.value)  # a refusal that may pass
            return
        self._meter.retried(self._traits.service, failure.cause.value)
        if failure.cause is Cause.RATE_LIMITED or failure.retry_after is not None:
            self._meter.waited(self._traits.service, "refused", wait)


async def _read(answer: Answer, read: Callable[[Answer], T]) -> T:
    try:
        return read(answer) if len(answer.body) <= QUICKLY_READ else await asyncio.to_thread(read, answer)
    except Unreadable:
        pass  # raised below, outside of the handler, so that nothing of the answer is chained to it
    raise TryFailed(Cause.INVALID, INVALID, is_unsent=False)
