/// An example of each method, out of the transcripts in schemas/examples. Rendered by `make schemas`: edit those, not this file.
enum MethodExamples {
  /// By method: `params` by name, and `result`; of a notification only `params`.
  static let json = #"""
    {
      "submit": {
        "params": {
          "input": {"prompt": "a lighthouse in a storm", "size": "64x64", "sandbox": {"delay_ms": 500}},
          "tags": ["night"],
          "metadata": {"page": 7},
          "output_name": "lighthouse",
          "output_dir": "/home/ada/pictures"
        },
        "result": {
          "id": "01a20d36-9e0c-79d7-a459-6c6967687468",
          "model": "openai/gpt-image-1-high-fidelity",
          "status": "created",
          "outputs": [],
          "urls": {},
          "has_nsfw_contents": [],
          "created_at": "2026-11-24T11:00:12.940Z",
          "error": "",
          "timings": {"inference": null, "queued": null, "total": null},
          "provider": "sandbox",
          "remote_id": null,
          "input": {"prompt": "a lighthouse in a storm", "size": "64x64", "sandbox": {"delay_ms": 500}},
          "files": [],
          "billing": "none",
          "cost": {"amount": 0, "currency": "USD", "source": "none"},
          "failure": null,
          "idempotency_key": null,
          "tags": ["night"],
          "metadata": {"page": 7},
          "started_at": null,
          "finished_at": null,
          "revision": 1
        }
      },
      "status": {
        "params": {"id": "01a20d36-9e0c-79d7-a459-6c6967687468", "full": true},
        "result": {
          "id": "01a20d36-9e0c-79d7-a459-6c6967687468",
          "model": "openai/gpt-image-1-high-fidelity",
          "status": "completed",
          "outputs": ["file:///home/ada/pictures/lighthouse.png"],
          "urls": {},
          "has_nsfw_contents": [false],
          "created_at": "2026-11-24T11:00:12.940Z",
          "error": "",
          "timings": {"inference": 0, "queued": 4, "total": 58},
          "provider": "sandbox",
          "remote_id": "sandbox-mx31btka-ed13b75b",
          "input": {"prompt": "a lighthouse in a storm", "size": "64x64", "sandbox": {"delay_ms": 500}},
          "files": [
            {
              "path": "/home/ada/pictures/lighthouse.png",
              "index": 1,
              "kind": "image",
              "media_type": "image/png",
              "bytes": 2113,
              "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
              "width": 64,
              "height": 64
            }
          ],
          "billing": "none",
          "cost": {"amount": 0, "currency": "USD", "source": "none"},
          "failure": null,
          "idempotency_key": null,
          "tags": ["night"],
          "metadata": {"page": 7},
          "started_at": "2026-11-24T11:00:12.940Z",
          "finished_at": "2026-11-24T11:00:12.940Z",
          "revision": 5
        }
      },
      "result": {
        "params": {"id": "01a20d36-9e0c-79d7-a459-6c6967687468", "timeout_ms": 60000, "inline": true},
        "result": {
          "id": "01a20d36-9e0c-79d7-a459-6c6967687468",
          "model": "openai/gpt-image-1-high-fidelity",
          "status": "completed",
          "outputs": ["file:///home/ada/pictures/lighthouse.png"],
          "urls": {},
          "has_nsfw_contents": [false],
          "created_at": "2026-11-24T11:00:12.940Z",
          "error": "",
          "timings": {"inference": 0, "queued": 4, "total": 58},
          "provider": "sandbox",
          "remote_id": "sandbox-mx31btka-ed13b75b",
          "input": {"prompt": "a lighthouse in a storm", "size": "64x64", "sandbox": {"delay_ms": 500}},
          "files": [
            {
              "path": "/home/ada/pictures/lighthouse.png",
              "index": 1,
              "kind": "image",
              "media_type": "image/png",
              "bytes": 2113,
              "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
              "width": 64,
              "height": 64,
              "base64": "..."
            }
          ],
          "billing": "none",
          "cost": {"amount": 0, "currency": "USD", "source": "none"},
          "failure": null,
          "idempotency_key": null,
          "tags": ["night"],
          "metadata": {"page": 7},
          "started_at": "2026-11-24T11:00:12.940Z",
          "finished_at": "2026-11-24T11:00:12.940Z",
          "revision": 5
        }
      },
      "cancel": {
        "params": {"id": "01a20d36-9e0c-79d7-a459-656e646c6573"},
        "result": {
          "id": "01a20d36-9e0c-79d7-a459-656e646c6573",
          "model": "openai/gpt-image-1-high-fidelity",
          "status": "cancelled",
          "outputs": [],
          "urls": {},
          "has_nsfw_contents": [],
          "created_at": "2026-11-24T11:00:12.940Z",
          "error": "...",
          "timings": {"inference": null, "queued": null, "total": 58},
          "provider": "sandbox",
          "remote_id": null,
          "input": {"prompt": "a picture that is never finished", "size": "64x64", "sandbox": {"never": true}},
          "files": [],
          "billing": "none",
          "cost": {"amount": 0, "currency": "USD", "source": "none"},
          "failure": {"type": "cancelled", "retryable": true, "message": "...", "hint": null, "remote_code": null},
          "idempotency_key": null,
          "tags": [],
          "metadata": {},
          "started_at": null,
          "finished_at": "2026-11-24T11:00:12.940Z",
          "revision": 5
        }
      },
      "wait": {
        "params": {"ids": ["01a20d36-9e0c-79d7-a459-006e65766572", "01a20d36-9e0c-79d7-a459-00717569636b"], "mode": "any"},
        "result": {
          "done": true,
          "predictions": [
            {
              "id": "01a20d36-9e0c-79d7-a459-006e65766572",
              "model": "openai/gpt-image-1-high-fidelity",
              "status": "created",
              "outputs": [],
              "urls": {},
              "has_nsfw_contents": [],
              "created_at": "2026-11-24T11:00:12.940Z",
              "error": "",
              "timings": {"inference": null, "queued": null, "total": null},
              "provider": "sandbox",
              "remote_id": null,
              "files": [],
              "billing": "none",
              "cost": {"amount": 0, "currency": "USD", "source": "none"},
              "failure": null,
              "idempotency_key": null,
              "tags": [],
              "started_at": null,
              "finished_at": null,
              "revision": 1
            },
            {
              "id": "01a20d36-9e0c-79d7-a459-00717569636b",
              "model": "openai/gpt-image-1-high-fidelity",
              "status": "completed",
              "outputs": ["file:///home/ada/pictures/lighthouse.png"],
              "urls": {},
              "has_nsfw_contents": [false],
              "created_at": "2026-11-24T11:00:12.940Z",
              "error": "",
              "timings": {"inference": 0, "queued": 4, "total": 58},
              "provider": "sandbox",
              "remote_id": "sandbox-mx31btka-ed13b75b",
              "files": [
                {
                  "path": "/home/ada/pictures/lighthouse.png",
                  "index": 1,
                  "kind": "image",
                  "media_type": "image/png",
                  "bytes": 2113,
                  "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
                  "width": 64,
                  "height": 64
                }
              ],
              "billing": "none",
              "cost": {"amount": 0, "currency": "USD", "source": "none"},
              "failure": null,
              "idempotency_key": null,
              "tags": [],
              "started_at": "2026-11-24T11:00:12.940Z",
              "finished_at": "2026-11-24T11:00:12.940Z",
              "revision": 5
            }
          ],
          "more": []
        }
      },
      "list": {
        "params": {"tag": "boats", "limit": 1},
        "result": {
          "predictions": [
            {
              "id": "01a20d36-9e0c-79d7-a459-00000074776f",
              "model": "openai/gpt-image-1-high-fidelity",
              "status": "completed",
              "outputs": ["file:///home/ada/pictures/lighthouse.png"],
              "urls": {},
              "has_nsfw_contents": [false],
              "created_at": "2026-11-24T11:00:12.940Z",
              "error": "",
              "timings": {"inference": 0, "queued": 4, "total": 58},
              "provider": "sandbox",
              "remote_id": "sandbox-mx31btka-ed13b75b",
              "files": [
                {
                  "path": "/home/ada/pictures/lighthouse.png",
                  "index": 1,
                  "kind": "image",
                  "media_type": "image/png",
                  "bytes": 2113,
                  "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
                  "width": 64,
                  "height": 64
                }
              ],
              "billing": "none",
              "cost": {"amount": 0, "currency": "USD", "source": "none"},
              "failure": null,
              "idempotency_key": null,
              "tags": ["boats"],
              "started_at": "2026-11-24T11:00:12.940Z",
              "finished_at": "2026-11-24T11:00:12.940Z",
              "revision": 5
            }
          ],
          "next_cursor": "next"
        }
      },
      "delete": {
        "params": {"ids": ["01a20d36-9e0c-79d7-a459-0000006f6e65"], "files": true},
        "result": {"deleted": ["01a20d36-9e0c-79d7-a459-0000006f6e65"], "scrubbed": true}
      },
      "thumbnail": {
        "params": {"id": "01a20d36-9e0c-79d7-a459-000000666f78", "size": 64},
        "result": {
          "path": "/home/ada/pictures/lighthouse.png",
          "media_type": "image/jpeg",
          "bytes": 2113,
          "width": 64,
          "height": 43
        }
      },
      "subscribe": {
        "params": {"tag": "boats", "since": "cursor-first"},
        "result": {"subscription": "subscription-second", "cursor": "cursor-second"}
      },
      "unsubscribe": {"params": {"subscription": "subscription-second"}, "result": {}},
      "models": {
        "params": {},
        "result": {
          "models": [
            {
              "id": "openai/gpt-image-1-high-fidelity",
              "name": "Sandbox",
              "kind": "image",
              "description": "...",
              "price": 0,
              "edit_model": "openai/gpt-image-1-high-fidelity",
              "provider": "sandbox",
              "default": true
            }
          ],
          "next_cursor": null
        }
      },
      "validate": {
        "params": {"input": {"prompt": "a boat", "n": 11, "size": 7}},
        "result": {
          "valid": false,
          "problems": [
            {"path": "input.size", "message": "input.size must be a string, not a number"},
            {"path": "input.n", "message": "input.n is 11; it must be at most 10"}
          ]
        }
      },
      "quote": {
        "params": {"input": {"prompt": "a boat", "size": "64x64"}},
        "result": {"amount": 0, "currency": "USD", "exact": true, "missing": []}
      },
      "balance": {"params": {"provider": "sandbox"}, "result": {"amount": 0, "currency": "USD"}},
      "ping": {"params": {}, "result": {}},
      "initialize": {
        "params": {
          "processId": null,
          "clientInfo": {"name": "an editor", "version": "1"},
          "configuration": {"provider": "sandbox", "output_dir": "/home/ada/pictures"}
        },
        "result": {
          "capabilities": {
            "experimental": {
              "imagewire": {
                "provider": "sandbox",
                "model": "openai/gpt-image-1-high-fidelity",
                "max_message_bytes": 65536,
                "methods": ["submit", "status", "..."]
              }
            }
          },
          "serverInfo": {"name": "imagewire", "version": "0.1.0"}
        }
      },
      "initialized": {"params": {}},
      "shutdown": {"params": {}, "result": null},
      "exit": {"params": {}},
      "$/cancelRequest": {"params": {"id": "waiting"}},
      "rpc.discover": {"params": {}, "result": {"openrpc": "1.3.2", "info": {"title": "imagewire"}}},
      "$/progress": {"params": {"token": "t", "value": {"kind": "begin", "title": "imagewire", "cancellable": true}}},
      "prediction/updated": {
        "params": {
          "subscription": "subscription-second",
          "cursor": "cursor-updated",
          "prediction": {
            "id": "01a20d36-9e0c-79d7-a459-0000626f6174",
            "model": "openai/gpt-image-1-high-fidelity",
            "status": "completed",
            "outputs": ["file:///home/ada/pictures/lighthouse.png"],
            "urls": {},
            "has_nsfw_contents": [false],
            "created_at": "2026-11-24T11:00:12.940Z",
            "error": "",
            "timings": {"inference": 0, "queued": 4, "total": 58},
            "provider": "sandbox",
            "remote_id": "sandbox-mx31btka-ed13b75b",
            "files": [
              {
                "path": "/home/ada/pictures/lighthouse.png",
                "index": 1,
                "kind": "image",
                "media_type": "image/png",
                "bytes": 2113,
                "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
                "width": 64,
                "height": 64
              }
            ],
            "billing": "none",
            "cost": {"amount": 0, "currency": "USD", "source": "none"},
            "failure": null,
            "idempotency_key": null,
            "tags": ["boats"],
            "started_at": "2026-11-24T11:00:12.940Z",
            "finished_at": "2026-11-24T11:00:12.940Z",
            "revision": 5
          }
        }
      },
      "prediction/deleted": {
        "params": {
          "subscription": "subscription-third",
          "cursor": "cursor-deleted",
          "id": "01a20d36-9e0c-79d7-a459-0000626f6174"
        }
      }
    }
    """#
}
