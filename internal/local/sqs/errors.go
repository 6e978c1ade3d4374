package sqs

import (
	"cmp"

	"athenarefresh/internal/local/awsjson"
)

// Error names as in the service's model; where the older protocol had another
// name, clients are sent that too.
func fault(code, queryCode, format string, args ...any) error {
	e := awsjson.Errorf("com.amazonaws.sqs#"+code, format, args...)
	e.QueryCode = cmp.Or(queryCode, code)
	return e
}

func errNoQueue() error {
	return fault("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

func missing(parameter string) error {
	return fault("MissingParameter", "", "The request must contain the parameter %s.", parameter)
}

func invalid(format string, args ...any) error {
	return fault("InvalidParameterValue", "", format, args...)
}

// within is a parameter that is a number, or its default where it wasn't given.
func within(name string, asked *int, byDefault, least, most int, reason string) (int, error) {
	if asked == nil {
		return byDefault, nil
	}
	if *asked < least || *asked > most {
		return 0, invalid("Value %d for parameter %s is invalid. Reason: %s", *asked, name, reason)
	}
	return *asked, nil
}
