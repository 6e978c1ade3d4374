package sqs

import "athenarefresh/internal/local/awsjson"

// Error names as in the service's model; where the older protocol had another
// name, clients are sent that too.
func fault(code, queryCode, format string, args ...any) *awsjson.Error {
	e := awsjson.Errorf("com.amazonaws.sqs#"+code, format, args...)
	e.QueryCode = queryCode
	if queryCode == "" {
		e.QueryCode = code
	}
	return e
}

func errNoQueue() error {
	return fault("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

func missing(parameter string) error {
	return fault("MissingParameter", "", "The request must contain the parameter %s.", parameter)
}

func invalid(format string, args ...any) *awsjson.Error {
	return fault("InvalidParameterValue", "", format, args...)
}

func badHandle() *awsjson.Error {
	return fault("ReceiptHandleIsInvalid", "", "The input receipt handle is invalid.")
}
