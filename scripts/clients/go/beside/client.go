// Package cospec is a client of the coSPEC API.
package cospec

import (
	"context"
	"net/http"
)

// Server is where the API is.
const Server = "https://api.cospec.io"

// New makes a client that sends the key (csk_live_...) with each request. WithBaseURL leads it to another server.
func New(apiKey string, options ...ClientOption) (*ClientWithResponses, error) {
	authorize := WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+apiKey)
		return nil
	})
	return NewClientWithResponses(Server, append([]ClientOption{authorize}, options...)...)
}
