"""Trajectories theta_1..theta_5 from THETA on GRADIENTS, to DIGITS significant digits.

Trailing zeros are dropped. ``algorithm`` is the function's name in the oracle: in papers for
FIXTURES, in moments or others for FIXTURES_MORE.
"""

from typing import NamedTuple

THETA = "1"
GRADIENTS = ("1", "-2", "0.5", "0", "3")
DIGITS = 20


class Fixture(NamedTuple):
    """One rule with its hyper-parameters and the five parameters it must produce."""

    algorithm: str
    hyper: dict[str, str]
    thetas: tuple[str, ...]


_MOMENTS = {"alpha": "0.001", "beta1": "0.9", "beta2": "0.999"}

FIXTURES = {
    "adam": Fixture(
        "adam",
        {**_MOMENTS, "eps": "1e-8"},
        (
            "0.9990000000099999999",
            "0.99936610353472075088",
            "0.99950279419673821726",
            "0.99961476286956394808",
            "0.99923838774282510121",
        ),
    ),
    "adam_large_eps": Fixture(
        "adam",
        {**_MOMENTS, "eps": "0.1"},
        (
            "0.99909090909090909091",
            "0.99943523857663111669",
            "0.99956232195185958221",
            "0.99966529914583639721",
            "0.99930996342162917236",
        ),
    ),
    "adam_efficient": Fixture(
        "adam_efficient",
        {**_MOMENTS, "eps_hat": "1e-8"},
        (
            "0.99900000031622766602",
            "0.99936610379148348333",
            "0.99950279443565841927",
            "0.99961476309399209117",
            "0.99923838799657221519",
        ),
    ),
    "adam_efficient_large_eps": Fixture(
        "adam_efficient",
        {**_MOMENTS, "eps_hat": "0.1"},
        (
            "0.99975974692664795785",
            "0.99991138308880548738",
            "0.99996879394059955948",
            "1.0000158077729353859",
            "0.99981105495726996138",
        ),
    ),
    "adamax": Fixture(
        "adamax",
        {**_MOMENTS, "alpha": "0.002"},
        (
            "0.998",
            "0.99857894736842105263",
            "0.99875994016934005281",
            "0.99888843197648346882",
            "0.99846465722128823549",
        ),
    ),
    "adagrad": Fixture(
        "adagrad",
        {"alpha": "0.1", "eps": "0"},
        (
            "0.9",
            "0.98944271909999158786",
            "0.96762093007639234973",
            "0.96762093007639234973",
            "0.88814898865248972134",
        ),
    ),
    "rmsprop": Fixture(
        "rmsprop",
        {"alpha": "0.01", "rho": "0.9", "eps": "1e-8"},
        (
            "0.96837722439831617506",
            "0.99694865256158148701",
            "0.98962416847751452741",
            "0.98962416847751452741",
            "0.96308131585318948639",
        ),
    ),
    "rmsprop_eps_inside": Fixture(
        "rmsprop_eps_inside",
        {"alpha": "0.01", "rho": "0.9", "eps": "1e-8"},
        (
            "0.96837722497945491818",
            "0.99694865325933830457",
            "0.98962416914656409411",
            "0.98962416914656409411",
            "0.96308131639128721598",
        ),
    ),
    "momentum": Fixture(
        "momentum", {"alpha": "0.1", "mu": "0.9"}, ("0.9", "1.01", "1.059", "1.1031", "0.84279")
    ),
    "nesterov": Fixture(
        "nesterov",
        {"alpha": "0.1", "mu": "0.9"},
        ("0.81", "1.109", "1.1031", "1.14279", "0.608511"),
    ),
}

FIXTURES_MORE = {
    "amsgrad": Fixture(
        "amsgrad",
        {**_MOMENTS, "eps": "0"},
        (
            "0.99683772233983162067",
            "0.99839351284527229981",
            "0.9990701637971716034",
            "0.99967914965388097662",
            "0.99749725026312347704",
        ),
    ),
    "rmsprop_centred": Fixture(
        "rmsprop_centred",
        {"alpha": "0.0001", "rho": "0.95", "mu": "0.9", "eps": "0.0001"},
        (
            "0.99954165075148589435",
            "0.99953332635329382056",
            "0.9994252505685081481",
            "0.99932798236220104289",
            "0.99887041235689150009",
        ),
    ),
}

# The average of section 7.2 over the thetas of FIXTURES["adam"], with the same beta2.
AVERAGE_OF_ADAM = (
    "0.9990000000099999999",
    "0.99918314334402738909",
    "0.99928980024961762018",
    "0.99937116286718828123",
    "0.99934455467912930051",
)
