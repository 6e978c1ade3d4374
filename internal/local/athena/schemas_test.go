//go:build cgo

package athena

import (
	"testing"

	"athenarefresh/internal/local/athena/parquettest"
)

// TestAPartitionIsReadByItsOwnColumns changes a table under its partitions.
func TestAPartitionIsReadByItsOwnColumns(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int, b struct<x:int>) PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/t/'")
	s.put("t/1/a.json", `{"a":1,"b":{"x":2,"y":3},"c":"C","z":9}`)
	s.put("t/2/a.json", `{"a":4,"b":{"x":5},"c":"D"}`)
	s.run("ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://b/t/1/'")

	// A column more is NULL in a partition that doesn't have it.
	s.run("ALTER TABLE t ADD COLUMNS (c string)")
	s.run("ALTER TABLE t ADD PARTITION (dt='2') LOCATION 's3://b/t/2/'")
	s.want("SELECT a, c, dt FROM t ORDER BY dt", []string{"1", "NULL", "1"}, []string{"4", "D", "2"})

	// Types that hold the old ones are fine; a struct may have grown.
	s.run("ALTER TABLE t REPLACE COLUMNS (a bigint, b struct<x:bigint,y:int>, c string)")
	s.want("SELECT a, b.x, b.y, c FROM t ORDER BY dt", []string{"1", "2", "3", "NULL"}, []string{"4", "5", "NULL", "D"})
	s.run("ALTER TABLE t REPLACE COLUMNS (a string)")
	s.want("SELECT a FROM t ORDER BY dt", []string{"1"}, []string{"4"})

	// By position: what is put in between takes its neighbour's place.
	s.run("ALTER TABLE t REPLACE COLUMNS (z int, b struct<x:int>)")
	s.want("SELECT z FROM t WHERE dt = '1'", []string{"1"})
	s.run("ALTER TABLE t REPLACE COLUMNS (a int, z int, b struct<x:int>)")
	s.failsWith("SELECT a FROM t WHERE dt = '1'", "HIVE_PARTITION_SCHEMA_MISMATCH")
	s.run("ALTER TABLE t REPLACE COLUMNS (a array<int>)")
	s.failsWith("SELECT dt FROM t", "The column 'a' in table 'db.t' is declared as type 'array<int>', but partition 'dt=1' declared column 'a' as type 'int'.")
	s.run("ALTER TABLE t REPLACE COLUMNS (a boolean)")
	s.failsWith("SELECT dt FROM t", "HIVE_PARTITION_SCHEMA_MISMATCH")
}

func TestAParquetPartitionIsReadByName(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://b/t/'")
	s.put("t/1/a.parquet", parquettest.File(t, "SELECT 1 AS a, 'B' AS b, 7 AS z"))
	s.run("ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://b/t/1/'")
	s.run("ALTER TABLE t REPLACE COLUMNS (z int, b string, a bigint)")
	s.want("SELECT a, b, z FROM t", []string{"1", "B", "NULL"})
}
