package glue

import (
	"cmp"
	"strings"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// factsOf reads what refresh wants to know of a table. catalog is the account
// whose catalog holds it, "" for the caller's.
func factsOf(t *types.Table, catalog string) refresh.Table {
	sd := cmp.Or(t.StorageDescriptor, &types.StorageDescriptor{})
	kind, kindName := kindOf(t, sd)
	return refresh.Table{
		ID: refresh.TableID{
			Catalog:  catalog,
			Database: strings.ToLower(aws.ToString(t.DatabaseName)),
			Name:     strings.ToLower(aws.ToString(t.Name)),
			Created:  aws.ToTime(t.CreateTime),
			Location: aws.ToString(sd.Location),
		},
		Keys:     keysOf(t.PartitionKeys),
		Kind:     kind,
		Parquet:  isParquet(sd),
		KindName: kindName,
	}
}

// factsAt are the facts of a table that was found at a place, which is where its
// partitions are asked for. The table itself may name another: the database
// that it was found in may be a resource link, which Glue follows in every call
// about its tables (Lake Formation developer guide, "Resource link handling in
// AWS Glue APIs").
func factsAt(place refresh.TableID, t *types.Table) refresh.Table {
	facts := factsOf(t, place.Catalog)
	facts.ID.Database, facts.ID.Name = strings.ToLower(place.Database), strings.ToLower(place.Name)
	return facts
}

func keysOf(columns []types.Column) []refresh.Key {
	keys := make([]refresh.Key, len(columns))
	for i, c := range columns {
		keys[i] = refresh.Key{Name: strings.ToLower(aws.ToString(c.Name)), Type: strings.ToLower(aws.ToString(c.Type))}
	}
	return keys
}

// hudi are Hudi's input formats that Athena reads. Their tables keep the list of
// their files in .hoodie, and that of their partitions in the catalog: what isn't
// there is not read. (Athena user guide, "Query Apache Hudi datasets", "When you
// create partitioned Hudi tables in Athena, you must run ALTER TABLE ADD PARTITION";
// copy on write, read optimised and snapshot of merge on read alike.)
const hudi = "org.apache.hudi.hadoop."

// kindOf goes by the marks that the writers of each kind leave: Iceberg and
// Athena set table_type, Spark sets spark.sql.sources.provider. What only says
// that it is Hudi's and has none of its input formats nobody reads as one.
func kindOf(t *types.Table, sd *types.StorageDescriptor) (refresh.Kind, string) {
	if strings.HasSuffix(strings.ToUpper(aws.ToString(t.TableType)), "VIEW") { // VIRTUAL_VIEW, MATERIALIZED_VIEW
		return refresh.NotHive, "view"
	}
	format := strings.ToLower(aws.ToString(sd.InputFormat))
	marks := []string{parameter(t, "table_type"), parameter(t, "spark.sql.sources.provider")}
	for _, k := range []struct{ mark, format, name string }{
		{"iceberg", "org.apache.iceberg", "Iceberg table"},
		{"delta", "io.delta", "Delta table"},
		{"hudi", "hoodie", "Hudi table of another input format than " + hudi + "…"},
	} {
		if k.mark == "hudi" && strings.HasPrefix(format, hudi) {
			continue
		}
		if marks[0] == k.mark || marks[1] == k.mark || strings.Contains(format, k.format) {
			return refresh.NotHive, k.name
		}
	}
	if parameter(t, "projection.enabled") == "true" {
		return refresh.Projected, "table with partition projection"
	}
	return refresh.Hive, ""
}

// parameter returns a table's parameter in lower case; its name is found in
// any case.
func parameter(t *types.Table, name string) string {
	if v, ok := t.Parameters[name]; ok {
		return strings.ToLower(strings.TrimSpace(v))
	}
	for k, v := range t.Parameters {
		if strings.EqualFold(k, name) {
			return strings.ToLower(strings.TrimSpace(v))
		}
	}
	return ""
}

func isParquet(sd *types.StorageDescriptor) bool {
	names := aws.ToString(sd.InputFormat)
	if sd.SerdeInfo != nil {
		names += " " + aws.ToString(sd.SerdeInfo.SerializationLibrary)
	}
	return strings.Contains(strings.ToLower(names), "parquet")
}
