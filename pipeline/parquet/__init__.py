"""Turn columns that are encoded when they are known into one Parquet file, so that none is written twice.

A Parquet file is its columns, row group by row group, and a footer that says where each stands. polars writes a whole
file at once; here each column of a row group comes from a small file that polars made (`encoded`), octet for octet, and
only the footer is put together anew (`Joined`). What it says is Thrift (`compact`);
see https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from pipeline.parquet.join import Joined, encoded, heights

__all__ = ["Joined", "encoded", "heights"]
