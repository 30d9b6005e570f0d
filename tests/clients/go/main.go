// zishang520's client: the steps of tests/clients. Arguments: the server's URL, and a transport.
package main

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

const patience = 10 * time.Second

type binary interface{ Bytes() []byte }

// Byte arrays arrive as buffers.
func plain(value any) any {
	if buffer, ok := value.(binary); ok {
		return buffer.Bytes()
	}
	return value
}

func equal(got []any, wanted ...any) error {
	if len(got) != len(wanted) {
		return fmt.Errorf("got %v", got)
	}
	for i := range got {
		one, other := plain(got[i]), wanted[i]
		if expected, ok := other.([]byte); ok {
			if received, ok := one.([]byte); !ok || !bytes.Equal(received, expected) {
				return fmt.Errorf("got %T %v", got[i], got[i])
			}
		} else if fmt.Sprint(one) != fmt.Sprint(other) && !reflect.DeepEqual(one, other) {
			return fmt.Errorf("got %v", got)
		}
	}
	return nil
}

func wait(arrived chan []any, wanted ...any) error {
	select {
	case got := <-arrived:
		return equal(got, wanted...)
	case <-time.After(patience):
		return fmt.Errorf("nothing arrived")
	}
}

func report(step string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = err.Error()
	}
	fmt.Printf("%s\t%s\n", step, outcome)
}

func main() {
	url, transport := os.Args[1], os.Args[2]
	options := socket.DefaultOptions()
	switch transport {
	case "polling":
		options.SetTransports(types.NewSet(transports.Polling))
	case "websocket":
		options.SetTransports(types.NewSet(transports.WebSocket))
	default:
		options.SetTransports(types.NewSet(transports.Polling, transports.WebSocket))
	}
	options.SetReconnection(false)
	options.SetAuth(map[string]any{"welcome": true})
	client, err := socket.Connect(url, options)
	if err != nil {
		report("connect", err)
		return
	}
	heard := make(chan []any, 1000)
	listen := func(event string) {
		client.On(types.EventName(event), func(args ...any) { heard <- args })
	}
	for _, event := range []string{"echo", "welcome", "answered", "burst"} {
		listen(event)
	}
	client.On("question", func(args ...any) {
		answer := args[len(args)-1].(func([]any, error))
		answer([]any{"answer"}, nil)
	})
	report("connect", wait(heard, map[string]any{"welcome": true}))

	client.Emit("echo", "ü", 7)
	report("text", wait(heard, "ü", 7))

	client.Emit("echo", []byte{0, 1, 255})
	report("bytes", wait(heard, []byte{0, 1, 255}))

	answered := make(chan []any, 1)
	client.EmitWithAck("reply", "a")(func(args []any, err error) { answered <- args })
	report("acknowledged", wait(answered, "a"))

	client.Emit("ask")
	report("acknowledges", wait(heard, "answer"))

	client.Emit("burst", 40, 0)
	var failure error
	for number := 0; number < 40 && failure == nil; number++ {
		failure = wait(heard, number)
	}
	report("burst", failure)
	client.Disconnect()
}
