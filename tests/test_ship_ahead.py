"""The way to a host is begun while the plan is made, and taken up once; what stands in its way is told then."""

import argparse
import threading

import pytest

from lazyimp.cli.ship_ahead import go_ahead, taken_up
from lazyimp.ship.errors import ShipError


def test_it_is_begun_at_once_and_taken_up_once():
    options, begun = argparse.Namespace(), threading.Event()

    def connect():
        begun.set()
        return "channel"

    go_ahead(options, "ssh://host", connect)
    assert begun.wait(30)
    assert taken_up(options, "ssh://host") == "channel" and taken_up(options, "ssh://host") is None


def test_another_destination_does_not_get_it():
    options = argparse.Namespace()
    go_ahead(options, "ssh://host", lambda: "channel")
    assert taken_up(options, "ssh://other") is None


def test_only_what_takes_long_is_begun():
    options = argparse.Namespace()
    go_ahead(options, "local:/tmp/x", lambda: pytest.fail("nobody asked for it"))
    assert taken_up(options, "local:/tmp/x") is None


def test_what_goes_wrong_is_told_when_it_is_needed():
    options = argparse.Namespace()

    def connect():
        raise ShipError("nobody there")

    go_ahead(options, "ssh://host", connect)
    with pytest.raises(ShipError, match="nobody there"):
        taken_up(options, "ssh://host")
