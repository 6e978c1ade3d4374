package glue_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/refresh"
)

// numbered are partitions of the table that many makes.
func numbered(from, to int, location string) (parts []refresh.Partition) {
	for i := from; i < to; i++ {
		n := fmt.Sprintf("%05d", i)
		parts = append(parts, refresh.Partition{Values: []string{n}, Location: location + n + "/"})
	}
	return parts
}

func mender(t *testing.T, n int) (*glue.Mender, *glue.Reader, refresh.Table, *sdk.Client) {
	r, tab, client := many(t, n)
	return glue.NewMender(awsOf(client), r), r, tab, client
}

// awsOf is the configuration of a client.
func awsOf(client *sdk.Client) aws.Config {
	o := client.Options()
	return aws.Config{Region: o.Region, BaseEndpoint: o.BaseEndpoint, Credentials: o.Credentials}
}

// TestAPartitionIsRelocatedAndKeepsTheRest: more than a call's worth, one that
// is gone among them.
func TestAPartitionIsRelocatedAndKeepsTheRest(t *testing.T) {
	m, r, tab, client := mender(t, 230)
	own := &types.PartitionInput{Values: []string{"00007"}, Parameters: map[string]string{"mine": "1"}, StorageDescriptor: &types.StorageDescriptor{
		Location: aws.String("s3://b/t/00007/"), Columns: []types.Column{{Name: aws.String("older"), Type: aws.String("int")}}}}
	if _, err := client.UpdatePartition(t.Context(), &sdk.UpdatePartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("t"),
		PartitionValueList: own.Values, PartitionInput: own}); err != nil {
		t.Fatal(err)
	}
	parts := append(numbered(5, 215, "s3://b/new/"), refresh.Partition{Values: []string{"gone"}, Location: "s3://b/new/gone/"})
	errs := m.Relocate(t.Context(), tab, parts)
	for i, err := range errs {
		if (err != nil) != (i == len(parts)-1) {
			t.Errorf("%v: %v", parts[i], err)
		}
	}
	for p, err := range r.All(t.Context(), tab, "") {
		want := "s3://b/t/"
		if n := p.Values[0]; n >= "00005" && n < "00215" {
			want = "s3://b/new/"
		}
		if err != nil || p.Location != want+p.Values[0]+"/" {
			t.Errorf("%+v %v", p, err)
		}
	}
	out, err := client.GetPartition(t.Context(), &sdk.GetPartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("t"), PartitionValues: own.Values})
	if err != nil {
		t.Fatal(err)
	}
	if p := out.Partition; p.Parameters["mine"] != "1" || *p.StorageDescriptor.Columns[0].Name != "older" {
		t.Errorf("%+v %+v", p.Parameters, p.StorageDescriptor)
	}
}

func TestPartitionsAreDropped(t *testing.T) {
	m, r, tab, client := mender(t, 60)
	for i, err := range m.Drop(t.Context(), tab, numbered(3, 62, "")) { // two are gone already
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	n := 0
	for p, err := range r.All(t.Context(), tab, "") {
		if n++; err != nil || p.Values[0] >= "00003" {
			t.Errorf("%+v %v", p, err)
		}
	}
	if n != 3 {
		t.Errorf("%d left", n)
	}
	if _, err := client.DeleteTable(t.Context(), &sdk.DeleteTableInput{DatabaseName: aws.String("db"), Name: aws.String("t")}); err != nil {
		t.Fatal(err)
	}
	for _, errs := range [][]error{m.Drop(t.Context(), tab, numbered(0, 26, "")), m.Relocate(t.Context(), tab, numbered(0, 101, "s3://b/"))} {
		for _, err := range errs {
			if !errors.Is(err, refresh.ErrTableMissing) {
				t.Errorf("without the table: %v", err)
			}
		}
	}
}
