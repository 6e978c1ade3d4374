// Package account is S3, Lambda and the rest of AWS, as far as deployment needs
// them, behind the interfaces of package deploy.
package account

import (
	"slices"

	"athenarefresh/internal/aws/awserror"
)

// has says whether err is a service's exception of one of these names.
func has(err error, codes ...string) bool { return slices.Contains(codes, awserror.Code(err)) }
