package glue

import (
	"testing"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestKindsOfTables(t *testing.T) {
	for _, c := range []struct {
		parameters  map[string]string
		tableType   string
		inputFormat string
		want        refresh.Kind
		name        string
	}{
		{nil, "EXTERNAL_TABLE", "org.apache.hadoop.mapred.TextInputFormat", refresh.Hive, ""},
		{nil, "", "", refresh.Hive, ""},
		{map[string]string{"projection.enabled": "true"}, "EXTERNAL_TABLE", "", refresh.Projected, "table with partition projection"},
		{map[string]string{"projection.enabled": " TRUE "}, "", "", refresh.Projected, "table with partition projection"},
		{map[string]string{"Projection.Enabled": "true"}, "", "", refresh.Projected, "table with partition projection"},
		{map[string]string{"projection.enabled": "false"}, "", "", refresh.Hive, ""},
		{map[string]string{"table_type": "ICEBERG"}, "EXTERNAL_TABLE", "", refresh.NotHive, "Iceberg table"},
		{map[string]string{"table_type": "iceberg", "projection.enabled": "true"}, "", "", refresh.NotHive, "Iceberg table"},
		{map[string]string{"table_type": "DELTA"}, "", "", refresh.NotHive, "Delta table"},
		{map[string]string{"spark.sql.sources.provider": "delta"}, "EXTERNAL_TABLE", "", refresh.NotHive, "Delta table"},
		{map[string]string{"spark.sql.sources.provider": "parquet"}, "EXTERNAL_TABLE", "", refresh.Hive, ""},
		{nil, "EXTERNAL_TABLE", "io.delta.hive.DeltaInputFormat", refresh.NotHive, "Delta table"},
		{nil, "EXTERNAL_TABLE", "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat", refresh.Hive, ""},
		{nil, "EXTERNAL_TABLE", "org.apache.hudi.hadoop.HoodieParquetInputFormat", refresh.Hive, ""},
		{nil, "EXTERNAL_TABLE", "org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat", refresh.Hive, ""},
		{map[string]string{"spark.sql.sources.provider": "hudi"}, "EXTERNAL_TABLE", "org.apache.hudi.hadoop.HoodieParquetInputFormat", refresh.Hive, ""},
		{map[string]string{"projection.enabled": "true"}, "EXTERNAL_TABLE", "org.apache.hudi.hadoop.HoodieParquetInputFormat", refresh.Projected, "table with partition projection"},
		{map[string]string{"table_type": "ICEBERG"}, "EXTERNAL_TABLE", "org.apache.iceberg.mr.hive.HiveIcebergInputFormat", refresh.NotHive, "Iceberg table"},
		{nil, "EXTERNAL_TABLE", "com.uber.hoodie.hadoop.HoodieInputFormat", refresh.NotHive, "Hudi table of another input format than org.apache.hudi.hadoop.…"},
		{map[string]string{"spark.sql.sources.provider": "hudi"}, "", "", refresh.NotHive, "Hudi table of another input format than org.apache.hudi.hadoop.…"},
		{nil, "VIRTUAL_VIEW", "", refresh.NotHive, "view"},
		{nil, "MATERIALIZED_VIEW", "", refresh.NotHive, "view"},
	} {
		sd := &types.StorageDescriptor{InputFormat: optional(c.inputFormat)}
		kind, name := kindOf(&types.Table{Parameters: c.parameters, TableType: optional(c.tableType)}, sd)
		if kind != c.want || name != c.name {
			t.Errorf("%+v: %d %q", c, kind, name)
		}
	}
}

func TestFormats(t *testing.T) {
	serde := func(s string) *types.StorageDescriptor {
		return &types.StorageDescriptor{SerdeInfo: &types.SerDeInfo{SerializationLibrary: &s}}
	}
	for want, all := range map[bool][]*types.StorageDescriptor{
		true: {
			{InputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")},
			{InputFormat: aws.String("org.apache.hudi.hadoop.HoodieParquetInputFormat")},
			serde("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
		},
		false: {
			{}, serde("org.openx.data.jsonserde.JsonSerDe"), {InputFormat: aws.String("org.apache.hadoop.mapred.TextInputFormat")},
		},
	} {
		for _, sd := range all {
			if got := isParquet(sd); got != want {
				t.Errorf("%+v: Parquet %v, want %v", sd, got, want)
			}
		}
	}
}
