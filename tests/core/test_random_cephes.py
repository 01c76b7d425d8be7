"""The float32 functions behind normal numbers, for all of the 2^24 numbers that can come in.

The digests are of the results of the C functions in PyTorch's header `avx_mathfun.h`, compiled
with fused multiply-add (`g++ -O2 -mavx2 -mfma`).
"""

import hashlib

import numpy as np
import pytest

from gradatim.core.random import cephes

LOG = "20e15d6387eaf272777e51b53cb92f0d8d6c4bf7ae46cab661205cb928f524bd"
SINE = "cf51824cdb98f1c2f535f4cc1c24ce27ce429632ece60d42249e211f555b8dca"
COSINE = "0159be50a0cb9ad5d1e32bf5a361bd792fd09b17bdcf5b000e8a4fe4638cde4d"


def uniforms():
    for start in range(0, 2**24, 2**13):
        yield np.arange(start, start + 2**13, dtype=np.float32) * np.float32(2**-24)


@pytest.mark.slow
def test_the_logarithm_is_pytorchs_for_every_uniform_number():
    digest = hashlib.sha256()
    for u in uniforms():
        digest.update(cephes.log(1 - u).tobytes())
    assert digest.hexdigest() == LOG


@pytest.mark.slow
def test_sine_and_cosine_are_pytorchs_for_every_uniform_number():
    sine_digest, cosine_digest = hashlib.sha256(), hashlib.sha256()
    for u in uniforms():
        sine, cosine = cephes.sincos(u * np.float32(2 * np.pi))
        sine_digest.update(sine.tobytes())
        cosine_digest.update(cosine.tobytes())
    assert (sine_digest.hexdigest(), cosine_digest.hexdigest()) == (SINE, COSINE)


def test_the_functions_are_accurate():
    u = np.linspace(1e-6, 1, 10_001, dtype=np.float32)
    np.testing.assert_allclose(cephes.log(u), np.log(u.astype(float)), rtol=2e-7, atol=1e-9)
    sine, cosine = cephes.sincos(u * np.float32(2 * np.pi))
    angle = (u * np.float32(2 * np.pi)).astype(float)
    np.testing.assert_allclose(sine, np.sin(angle), atol=1.5e-7)
    np.testing.assert_allclose(cosine, np.cos(angle), atol=1.5e-7)
