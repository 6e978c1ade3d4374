// Package account reads and changes an AWS account for lambda deploy, rollback and
// destroy: it is the interfaces of package deploy on S3, Lambda and the rest.
package account

import (
	"slices"

	"athenarefresh/internal/aws/awserror"
)

// has says whether err is a service's exception of one of these names.
func has(err error, codes ...string) bool { return slices.Contains(codes, awserror.Code(err)) }
