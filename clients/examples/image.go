// go run image.go "a red fox"
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: image PROMPT")
	}
	params := map[string]any{"prompt": os.Args[1], "wait_ms": 1_800_000}
	request, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "submit", "params": params})
	program := os.Getenv("IMAGEWIRE")
	if program == "" {
		program = "imagewire"
	}
	process := exec.Command(program)
	process.Stdin, process.Stderr = bytes.NewReader(append(request, '\n')), os.Stderr
	line, err := process.Output()
	if err != nil {
		log.Fatal(err)
	}
	var reply struct {
		Error  *struct{ Message string }
		Result struct {
			Status, Error string
			Files         []struct{ Path string }
		}
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		log.Fatal(err)
	}
	if reply.Error != nil {
		log.Fatal(reply.Error.Message)
	}
	if reply.Result.Status != "completed" {
		log.Fatalf("%s: %s", reply.Result.Status, reply.Result.Error)
	}
	for _, file := range reply.Result.Files {
		fmt.Println(file.Path)
	}
}
