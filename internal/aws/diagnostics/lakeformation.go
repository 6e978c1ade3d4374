package diagnostics

import (
	"context"
	"fmt"
	"slices"

	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

type lakes struct {
	database func(context.Context, *glue.GetDatabaseInput, ...func(*glue.Options)) (*glue.GetDatabaseOutput, error)
	tables   func(context.Context, *glue.GetTablesInput, ...func(*glue.Options)) (*glue.GetTablesOutput, error)
}

// everyone is Lake Formation's name for whoever IAM lets. (Glue API reference,
// "Database", CreateTableDefaultPermissions.)
const everyone = "IAM_ALLOWED_PRINCIPALS"

// governed asks Glue, which says of each table whether Lake Formation guards it.
func (l *lakes) governed(ctx context.Context, name string) (doctor.Governed, error) {
	var g doctor.Governed
	out, err := l.database(ctx, &glue.GetDatabaseInput{Name: &name})
	if err != nil {
		return g, fmt.Errorf("read database %s: %w", name, fault(err, "EntityNotFoundException"))
	}
	if out.Database != nil && out.Database.CreateTableDefaultPermissions != nil {
		g.Database = !slices.ContainsFunc(out.Database.CreateTableDefaultPermissions, forEveryone)
	}
	in := &glue.GetTablesInput{DatabaseName: &name}
	for {
		page, err := l.tables(ctx, in)
		if err != nil {
			return g, fmt.Errorf("list the tables of %s: %w", name, fault(err, "EntityNotFoundException"))
		}
		for _, t := range page.TableList {
			if t.IsRegisteredWithLakeFormation {
				g.Tables = append(g.Tables, aws.ToString(t.Name))
			}
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return g, nil
		}
	}
}

func forEveryone(p types.PrincipalPermissions) bool {
	return p.Principal != nil && aws.ToString(p.Principal.DataLakePrincipalIdentifier) == everyone
}
