"""Landscapes written as text: every family by its name, with its own parts as arguments."""

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.landscapes.parse import _PARTS, LANDSCAPES

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
    ],
)
def test_bad_text_is_refused(text, words):
    with pytest.raises(rv.InputError, match=words):
        rv.landscapes.parse(text)


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_help_names_every_landscape_and_part(capsys, command):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    for name in (*LANDSCAPES, *_PARTS):
        assert f"{name}(" in shown or f"{name.upper()}(" in shown, name


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
