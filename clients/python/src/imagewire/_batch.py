"""A batch of predictions for `map`: which run, and what comes out. Both clients drive it; it makes no call itself."""

import os
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from ._calls import Call
from .errors import CallError, ConnectionLost, ImagewireError, MapFailed, PredictionNotFound, prediction_error
from .prediction import Prediction
from .results import Waited


class Batch:
    """Prompts in their order, of which at most `concurrency` run at a time, each with the parameters of one submit."""

    def __init__(self, prompts: Iterable[str], concurrency: int, as_completed: bool, submit: "Call[Prediction]") -> None:
        if isinstance(prompts, (str, bytes)):
            raise TypeError("map() takes several prompts: a list of texts, not one text. Nothing was sent.")
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}, and must be at least 1. Nothing was sent.")
        if "prompt" in submit.params.get("input", {}):
            raise TypeError("prompt is given twice, as an argument of map() and in input. Nothing was sent.")
        #: The process whose predictions these are.
        self.owner: Optional[int] = None
        #: Whether the client was closed meanwhile: the batch starts no process again.
        self.is_closed = False
        #: Whether a process ended, and nothing was answered since.
        self._was_lost = False
        self._prompts = enumerate(prompts)
        self._concurrency = concurrency
        self._as_completed = as_completed
        self._submit = submit
        self._exhausted = False
        #: The place of each prediction that is not finished, by its id.
        self._running: Dict[str, int] = {}
        self._outcomes: Dict[int, Union[Prediction, ImagewireError]] = {}
        #: The places whose outcome was not handed out yet, as they ended.
        self._fresh: List[int] = []
        self._handed_out = 0

    @property
    def running(self) -> List[str]:
        """The ids of the predictions that are not finished."""
        return list(self._running)

    @property
    def has_begun(self) -> bool:
        """Whether a submit was made before."""
        return bool(self._running or self._outcomes)

    def calls(self) -> Iterator[Tuple[int, "Call[Prediction]"]]:
        """The next submits, while there is room; before it takes the next, the caller says `accepted`, `refused` or `unanswered`."""
        while len(self._running) < self._concurrency and not self._exhausted:
            for place, prompt in self._prompts:
                yield place, self._call(place, prompt)
                break
            else:
                self._exhausted = True

    def _call(self, place: int, prompt: object) -> "Call[Prediction]":
        if not isinstance(prompt, str):
            raise TypeError(f"Prompt {place} of map() is of the type {type(prompt).__name__}, and must be a text.")
        params = {**self._submit.params, "prompt": prompt}
        if "idempotency_key" in params:
            # One key is one prediction.
            params["idempotency_key"] = f"{params['idempotency_key']}-{place + 1}"
        return Call(self._submit.method, params, self._submit.read)

    def accepted(self, place: int, prediction: Prediction) -> None:
        self.owner = self.owner or os.getpid()
        self._was_lost = False
        self._running[prediction.id] = place

    def refused(self, place: int, error: CallError) -> None:
        self._end(place, error)

    def unanswered(self, place: int, error: ImagewireError, closed: bool) -> None:
        """A submit without an answer: it may have been accepted, and is not repeated."""
        self._end(place, error)
        self.lost(error, closed)

    def finished(self, prediction: Prediction) -> None:
        self._was_lost = False
        self._end(self._running.pop(prediction.id), prediction_error(prediction) or prediction)

    def vanished(self, id: str, error: PredictionNotFound) -> None:
        self._end(self._running.pop(id), error)

    def lost(self, error: ImagewireError, closed: bool) -> None:
        """A call was not answered. If the process ended, the next one goes on, unless that ends too before it answers; anything
        else, such as the closing of the client, ends the batch, and leaves alone what runs."""
        if isinstance(error, ConnectionLost) and not closed and not self._was_lost:
            self._was_lost = True
            return
        for id, place in self._running.items():
            self._end(place, error.about(id))
        self._running.clear()
        self._exhausted = True

    def _end(self, place: int, outcome: Union[Prediction, ImagewireError]) -> None:
        self._outcomes[place] = outcome
        self._fresh.append(place)

    def ready(self) -> Iterator[Any]:
        """The predictions that can be handed out now: in the order of the prompts up to the first failure, or with `as_completed`
        each with its place."""
        if self._as_completed:
            while self._fresh:
                place = self._fresh.pop(0)
                ended = self._outcomes[place]
                if isinstance(ended, Prediction):
                    yield place, ended
        else:
            while isinstance(outcome := self._outcomes.get(self._handed_out), Prediction):
                self._handed_out += 1
                yield outcome

    @property
    def ended(self) -> bool:
        return self._exhausted and not self._running

    def failure(self) -> Optional[MapFailed]:
        """The exception for a batch that has ended; `None` if every prompt has its prediction."""
        outcomes = [outcome for _, outcome in sorted(self._outcomes.items(), key=lambda item: item[0])]
        return MapFailed(outcomes) if any(isinstance(outcome, ImagewireError) for outcome in outcomes) else None


def likely_finished(waited: Waited) -> List[str]:
    """The ids that a wait found finished, or that its message had no room for."""
    return [one.id for one in waited.predictions if one.done] or list(waited.more)
