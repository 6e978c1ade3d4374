package demo

import (
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

// TrailDDL creates the table of CloudTrail's own files, with the partition keys
// of p.
func TrailDDL(bucket string, p *table.Partition) string {
	trail, _ := schema.Named("cloudtrail")
	return create(&trail, p, "s3://"+bucket+"/AWSLogs/")
}

// EventsDDL creates the table of CloudTrail's events, one a line.
func EventsDDL(bucket string, p *table.Partition) string {
	events, _ := schema.Named("cloudtrail")
	events.Format = schema.JSON()
	return create(&events, p, "s3://"+bucket+"/"+EventsTable+"/")
}

func create(s *schema.Schema, p *table.Partition, location string) string {
	t := s.Table("", p.Table, p.Keys, location)
	t.IfNotExists = true
	return t.SQL()
}
