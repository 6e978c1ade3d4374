package demo

import (
	"fmt"
	"strings"

	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

// TrailDDL creates the table of CloudTrail's own files, as Athena's user guide
// has it ("Querying AWS CloudTrail logs"), with the partition keys of p.
func TrailDDL(bucket string, p *table.Partition) string {
	return create(p, schema.Trail(), "com.amazon.emr.hive.serde.CloudTrailSerde",
		`
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'`, "s3://"+bucket+"/AWSLogs/")
}

// EventsDDL creates the table of events, one a line.
func EventsDDL(bucket string, p *table.Partition) string {
	return create(p, schema.Trail(), "org.openx.data.jsonserde.JsonSerDe", "", "s3://"+bucket+"/"+EventsTable+"/")
}

func create(p *table.Partition, columns, serde, stored, location string) string {
	keys := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		keys[i] = "`" + k + "` string"
	}
	return fmt.Sprintf("CREATE EXTERNAL TABLE IF NOT EXISTS `%s` (%s)\nPARTITIONED BY (%s)\nROW FORMAT SERDE '%s'%s\nLOCATION '%s'",
		p.Table, columns, strings.Join(keys, ", "), serde, stored, location)
}
