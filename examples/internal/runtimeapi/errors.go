package runtimeapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A FunctionError is an error returned by a function.
type FunctionError struct {
	Type    string // such as "errorString"
	Message string
	Stack   []Frame // of a panic
}

// Frame is one call of a stack.
type Frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("runtimeapi: the function failed: %s: %s", e.Type, e.Message)
}

// functionError parses the error that a runtime posts. If the header has no type, it uses the type
// in the body.
func functionError(kind string, body []byte) *FunctionError {
	var e struct {
		ErrorMessage string  `json:"errorMessage"`
		ErrorType    string  `json:"errorType"`
		StackTrace   []Frame `json:"stackTrace"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		e.ErrorMessage = string(body) // any text is allowed
	}
	return &FunctionError{Type: cmp.Or(e.ErrorType, kind, "Unknown"), Message: e.ErrorMessage, Stack: e.StackTrace}
}

// A TimeoutError means that a function was killed because it did not answer in time.
type TimeoutError struct {
	Function  string
	RequestID string
	After     time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("runtimeapi: %s: %s Task timed out after %.2f seconds", e.Function, e.RequestID, e.After.Seconds())
}

// An ExitError means that the process has ended. Status 0 is also an error, because a function must
// not exit.
type ExitError struct {
	Function string
	State    *os.ProcessState
	Err      error // of exec.Cmd.Wait
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("runtimeapi: %s has ended: %s", e.Function, e.State)
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }
