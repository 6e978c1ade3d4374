package local

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed errors.txt
var errorNames string

// errorsOf are the errors that a service may answer with.
func errorsOf(service string) (names []string) {
	for line := range strings.Lines(errorNames) {
		of, list, _ := strings.Cut(line, ": ")
		if of == service || of == "common" && service != "s3" {
			names = append(names, strings.Fields(list)...)
		}
	}
	return names
}

// namedErrors is how many of a service's errors a complaint names.
const namedErrors = 6

// check: an error is a status, or a name that the service has.
func (f Fault) check() error {
	if n, err := strconv.Atoi(f.Error); err == nil {
		if n < 400 || n > 599 {
			return fmt.Errorf("%d is no status of an error: 400 to 599", n)
		}
		return nil
	}
	known := errorsOf(f.Service)
	if slices.Contains(known, f.Error) {
		return nil
	}
	return fmt.Errorf("%q is no error of %s: a status such as 500, or a name such as %s",
		f.Error, properName(f.Service), strings.Join(known[:min(namedErrors, len(known))], ", "))
}

// properName is how people write a service's name.
func properName(service string) string {
	i := slices.IndexFunc(serviceNames, func(name string) bool { return strings.EqualFold(name, service) })
	return serviceNames[i]
}
