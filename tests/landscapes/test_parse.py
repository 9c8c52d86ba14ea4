"""Landscapes written as text: every family by its name, with its own parts as arguments."""

import re
from pathlib import Path

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common import expressions
from rivervalley._common.registry import Registry
from rivervalley.cli import main
from rivervalley.landscapes import rules
from rivervalley.landscapes.registry import LANDSCAPES, LANGUAGES, NUMBERS, PARTS
from rivervalley.schedules.registry import DECAY_SHAPES, SCHEDULES

STRAIGHT = rv.landscapes.RiverValley([0.5, 2.0])
PAIRS = {
    "river_valley(hills=[0.5, 2])": rv.landscapes.RiverValley([0.5, 2.0]),
    "sheared_bend(bend=sine(0.5, 6), stiffness=2, river=linear(0.02), noise_std=0.3)": rv.landscapes.ShearedBend(
        rv.landscapes.Sine(0.5, 6.0), 2.0, rv.landscapes.LinearRiver(0.02), noise_std=0.3
    ),
    "sheared_bend(bend=parabola(-3), hills=geomspace(0.5, 2, 3))": rv.landscapes.ShearedBend(
        rv.landscapes.Parabola(-3.0), hills=np.geomspace(0.5, 2.0, 3)
    ),
    "circular_bend(radius=5, stiffness=2, river_noise_std=0.1)": rv.landscapes.CircularBend(5.0, 2.0, river_noise_std=0.1),
    "rotating_hills(turning=[1, 0.2], turn_rate=0.3, noise_std=[1, 0.1])": rv.landscapes.RotatingHills(
        (1.0, 0.2), 0.3, noise_std=[1.0, 0.1]
    ),
    "walled_valley(hills=[1, 2], wall=soft_wall(2), narrowing=0.3)": rv.landscapes.WalledValley(
        [1.0, 2.0], rv.landscapes.SoftWall(2.0), 0.3
    ),
    "walled_valley(hills=[1], wall=power_wall(2.5))": rv.landscapes.WalledValley([1.0], rv.landscapes.PowerWall(2.5)),
    "walled_valley(hills=[1], wall=quadratic_wall())": rv.landscapes.WalledValley([1.0]),
    "hyperbola": rv.landscapes.Hyperbola(),
    "power_law_valley(count=4, exponent=1.5)": rv.landscapes.RiverValley.power_law(4, exponent=1.5),
    "momentum(river_valley(hills=[0.5, 2]), 0.8)": rules.Momentum(0.8).on(STRAIGHT),
    "sign(river_valley(hills=[0.5, 2]))": rules.Sign().on(STRAIGHT),
    "project(river_valley(hills=[0.5, 2]), 'river')": rules.Project("river").on(STRAIGHT),
    "average(river_valley(hills=[0.5, 2]), decay=0.9)": rules.Average(decay=0.9).on(STRAIGHT),
    "average(river_valley(hills=[0.5, 2]), 3, [0.2, 0.8])": rules.Average(3, [0.2, 0.8]).on(STRAIGHT),
    "power_law(size=6, batch_size=2)": rv.landscapes.PowerLaw(6, batch_size=2),
    "random_features(features=4, modes=20, seed=3)": rv.landscapes.RandomFeatures(4, 20, seed=3),
    "finite_data(power_law(size=6), 11)": rv.landscapes.FiniteData(rv.landscapes.PowerLaw(6), 11),
    "bigram(cities([1, 2], frequencies=zipf(2)), batch_size=2)": rv.landscapes.Bigram(
        rv.landscapes.cities([1, 2], frequencies=rv.landscapes.zipf(2)), 2
    ),
    "bigram(dirichlet(3, 4, 0.5, seed=2))": rv.landscapes.Bigram(rv.landscapes.dirichlet(3, 4, 0.5, seed=2)),
    "spherical_valley(stiffness=[0.5, 1], height=[1, 2], start_norm=0.5, rule=sgd(0.2))": rv.landscapes.SphericalValley(
        [0.5, 1.0], [1.0, 2.0], start_norm=0.5, rule=rv.landscapes.rules.DecayedSGD(0.2)
    ),
    "power_law_spherical_valley(count=5, rule=adam(0.9, 0.99), start_norm=0.5)": rv.landscapes.SphericalValley.power_law(
        5, rule=rv.landscapes.rules.Adam(0.9, 0.99), start_norm=0.5
    ),
    "sphere(weights=9, stiffness=[1], start_norm=0.5, rule=sign(0.1))": rv.landscapes.Sphere(
        9, [1.0], start_norm=0.5, rule=rv.landscapes.rules.DecayedSign(0.1)
    ),
    "hyperbola(river=logistic(0.1, 1), start_river=2)": rv.landscapes.Hyperbola(
        rv.landscapes.LogisticRiver(0.1), start_river=2.0
    ),
}


@pytest.mark.parametrize("text", PAIRS)
def test_text_makes_the_same_landscape(text):
    schedule = rv.schedules.constant(steps=20, peak_lr=0.1)
    runs = [rv.simulate(valley, schedule, 3, 1) for valley in (rv.landscapes.parse(text), PAIRS[text])]
    assert runs[0].state.tobytes() == runs[1].state.tobytes()
    assert runs[0].loss.tobytes() == runs[1].loss.tobytes()


@pytest.mark.parametrize(
    "text, words",
    [
        ("shered_bend()", "did you mean sheared_bend"),
        ("sheared_bend(bend=sin(1, 2))", "did you mean sine"),
        ("sheared_bend(bend=sine(1, 0))", "wavelength must be"),
        ("sheared_bend(bend=linear(1))", "bend must be a Parabola or a Sine"),
        ("circular_bend(radius=0)", "radius must be"),
        ("circular_bend(stiffnes=1)", "its arguments are radius=1.0, stiffness=1.0"),
        ("rotating_hills(turning=1)", "turning must be the curvatures of two hills, not 1"),
        ("rotating_hills()", "missing a required argument"),
        ("walled_valley(hills=[1], wall=soft_wall(0))", "sharpness must be"),
        ("walled_valley(hills=[1], wall=quadratic(1, 1))", "wall must be a QuadraticWall"),
        ("hyperbola(start_river=0)", "start_river must not be 0"),
        ("sine(1, 2)", "landscape must be one of river_valley"),
        ("momentum(sheared_bend(), 0.9)", "valley must be a RiverValley, not ShearedBend"),
        ("finite_data(river_valley(hills=[1]), 9)", "model must be a PowerLaw or RandomFeatures"),
        ("river_valley(hills=geomspace(0, 1, 3))", "geomspace's low must be a finite number above 0"),
        ("river_valley(hills=geomspace(1, 2))", "geomspace: missing a required argument: 'count'"),
        ("river_valley(hills=[[1, 2], [3]])", "hills must be an array of 1 dimension"),
        ("river_valley(hills=[1], noise_std=[[1, 2], [3]])", "noise_std must be an array of 1 dimension"),
        ("river_valley(hills=[1], hills=[2])", "river_valley must get hills once"),
        ("river_valley(hills=[" + 10_000 * "1, " + "1])", "at most 10000 entries"),
        ("river_valley(hills=[" + 300 * "-" + "1])", "at most 40 brackets and signs within each other"),
        ("river_valley(*[1])", "written out"),
        ("rules.Momentum(0.9)", "landscape must read like"),
        ("RiverValley", "did you mean river_valley"),
    ],
)
def test_bad_text_is_refused(text, words):
    with pytest.raises(rv.InputError, match=words):
        rv.landscapes.parse(text)


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_help_names_every_landscape_and_part(capsys, command):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    for registry in (LANDSCAPES, *PARTS, *([SCHEDULES] if command == "simulate" else [])):
        for entry in registry.values():
            assert f"  {entry.example}" in shown and entry.summary in shown, entry.name
    assert command == "compare" or all(f"  {shape}" in shown for shape in DECAY_SHAPES)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_example_of_a_landscape_can_be_simulated(name):
    landscape = rv.landscapes.parse(LANDSCAPES[name].example)
    assert landscape.start(0, 0, 2).shape == (landscape.dim, 2)
    run = rv.simulate(landscape, rv.schedules.constant(3, 1e-4), trajectories=2, threads=1)
    assert np.isfinite(run.loss).all()


@pytest.mark.parametrize("name", [f"{registry.kind} {name}" for registry in PARTS[:-1] for name in registry])
def test_every_example_of_a_part_can_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text("to be or not to be")
    kind, _, name = name.rpartition(" ")
    entry = next(registry[name] for registry in PARTS if registry.kind == kind)
    # Through a landscape that takes anything and says what it got.
    received = []
    taker = Registry("taker")
    taker.add("take", "take(linear(1))", "")(received.append)
    expressions.call(f"take({entry.example})", "text", "take(linear(1))", taker, PARTS)
    named = (
        entry.make if isinstance(entry.make, type) else rv.landscapes.Language if entry in LANGUAGES.values() else np.ndarray
    )
    assert entry in (*LANGUAGES.values(), *NUMBERS.values()) or isinstance(entry.make, type)
    assert isinstance(received[0], named)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_example_of_a_schedule_can_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rv.schedules.cosine(300, 0.1).to_csv("run.csv")
    np.save("lr.npy", np.full(7, 0.1))
    assert isinstance(rv.schedules.parse(SCHEDULES[name].example), rv.Schedule)


def snake(name):
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def shown_class(entry):
    """The class that a landscape's name stands for, as the README has it."""
    make = entry.make
    if isinstance(make, type):
        return make.__name__
    if isinstance(getattr(make, "__self__", None), type):  # another constructor of the class
        return make.__self__.__name__
    return next(name for name in vars(rules) if snake(name) == entry.name)


def test_the_readme_names_what_can_be_named_on_the_command_line():
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    table = readme.split("## Landscapes")[1].split("\n\n")[1].splitlines()[2:]
    named = {name.removeprefix("rules.") for row in table for name in re.findall("`([^`]*)`", row.split("|")[1])}
    assert named == {shown_class(entry) for entry in LANDSCAPES.values()} | {"Custom"}  # a Custom's functions have no text


@pytest.mark.slow
def test_commands_take_bent_landscapes(capsys):
    bend = "sheared_bend(bend=sine(0.5, 6), stiffness=2, river=linear(0.02), noise_std=0.3)"
    assert main(["simulate", bend, "constant(steps=50, peak_lr=0.1)", "--trajectories", "4"]) == 0
    assert "final loss" in capsys.readouterr().out
    words = ["compare", bend, "--checkpoints", "50,100", "--peak-lr", "0.1"]
    assert main([*words, "--trajectories", "4"]) == 0
    assert "wsd-s" in capsys.readouterr().out
    assert main(words) == 2
    assert capsys.readouterr().err == "rivervalley: --trajectories must be given: this landscape has no exact expectation\n"
    assert main(["simulate", bend, "constant(steps=50, peak_lr=0.1)", "--expected"]) == 2
    assert "--expected must go with a landscape that has an exact expectation" in capsys.readouterr().err
