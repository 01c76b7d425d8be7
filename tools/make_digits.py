"""Make the built-in digits and the note on their source.

In a separate environment (nothing here is needed to use the library):

    python -m pip install --no-deps scikit-learn
    python tools/make_digits.py

The package contains the test part of the UCI set as text; we keep its order and store the same
numbers as bytes.
"""

import gzip
import hashlib
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "gradatim" / "data" / "digits"

PROVENANCE = """\
Handwritten digits, 8 x 8 pixels.

file       digits.npz, {count:,} images of uint8 from 0 to 16, and their labels
sha256     {result} (of images, then labels, as bytes)
source     PyPI package scikit-learn {version}, file sklearn/datasets/data/digits.csv.gz
sha256     {source}
contents   the test part (13 writers) of Optical Recognition of Handwritten Digits: 32 x 32 bitmaps
           of forms, the black dots of each 4 x 4 block counted
made by    tools/make_digits.py: the same numbers in the same order, as bytes
data       E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
           Learning Repository, 1998, https://doi.org/10.24432/C50P49
licence    CC BY 4.0, https://creativecommons.org/licenses/by/4.0/
"""


def main() -> None:
    """Write digits.npz and PROVENANCE.txt."""
    package = distribution("scikit-learn")
    source = Path(str(package.locate_file("sklearn/datasets/data/digits.csv.gz"))).read_bytes()
    lines = gzip.decompress(source).decode("ascii").split()
    table = np.array([[int(float(cell)) for cell in line.split(",")] for line in lines], np.uint8)
    images, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    np.savez_compressed(FOLDER / "digits.npz", images=images, labels=labels)
    note = PROVENANCE.format(
        count=len(labels),
        result=hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
        version=package.version,
        source=hashlib.sha256(source).hexdigest(),
    )
    (FOLDER / "PROVENANCE.txt").write_text(note, encoding="utf-8", newline="\n")
    print(note)


if __name__ == "__main__":
    main()
