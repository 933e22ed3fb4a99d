;;; imagewire-faults-tests.el --- What goes wrong  -*- lexical-binding: t; -*-

;;; Commentary:

;; Cancelled, refused and unreadable calls, a process that ended, and errors in settings of the user.

;;; Code:

(require 'ert)
(require 'image)
(require 'imagewire-tests-lib)

(ert-deftest imagewire-a-format-of-ones-own-that-fails-costs-the-form-and-not-the-link ()
  (pcase-dolist (`(,format . ,reason) `(((lambda (_path _words) (error "No such font")) . "No such font")
                                        (ignore . "It returned no text")))
    (imagewire-tests--with ((imagewire-link-formats `((text-mode . ,format))))
      (text-mode)
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (should (equal (buffer-string) "![a fox](images/a-fox.png)"))
      (should (string-search reason (imagewire-tests--message "imagewire-link-formats failed"))))))

(ert-deftest imagewire-a-buffer-that-refuses-the-change-costs-no-image ()
  (imagewire-tests--with ((inhibit-read-only nil))
    (insert "ab")
    (goto-char 2)
    (imagewire-generate "a fox")
    (add-text-properties 1 3 '(read-only t))
    (imagewire-tests--idle)
    (imagewire-tests--message "C-y yanks the link")
    (should (string-match "\\`!\\[a fox\\](/.*/a-fox.png)\\'" (current-kill 0)))
    (let ((inhibit-read-only t)) (erase-buffer))))

(ert-deftest imagewire-an-image-that-cannot-be-shown-is-there-all-the-same ()
  (cl-letf (((symbol-function 'display-images-p) #'always)
            ((symbol-function 'create-image) (lambda (&rest _) (error "No such display"))))
    (imagewire-tests--with ()
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (should (equal (buffer-string) "![a fox](images/a-fox.png)")))))

(ert-deftest imagewire-a-callback-that-fails-is-reported-and-those-behind-it-are-called ()
  (imagewire-tests--with ((heard nil))
    (imagewire--call :ping nil (lambda (_) (error "A fault of the first")))
    (imagewire--call :ping nil (lambda (_) (push 'second heard)))
    (imagewire-tests--wait "the second" (lambda () heard))
    (imagewire-tests--message "A fault of the first")
    ;; Neither does one keep the others from hearing of the end.
    (let ((imagewire-input '(:size "64x64" :sandbox (:never t)))) (imagewire-generate "a fox"))
    (imagewire-tests--wait "its start" (lambda () (imagewire--work-id (car imagewire--in-progress))))
    (dolist (name '(third fourth))
      (imagewire--call :result (list :id (imagewire--work-id (car imagewire--in-progress)))
                       #'ignore (lambda (_) (push name heard) (error "A fault of the %s" name))))
    (signal-process (imagewire--connection-process imagewire--connection) 'SIGKILL)
    (imagewire-tests--wait "both" (lambda () (= (length heard) 3)))
    (imagewire-tests--message "A fault of the third")
    (imagewire-tests--message "A fault of the fourth")
    (imagewire-tests--idle)))

(ert-deftest imagewire-what-cannot-be-sent-is-refused-before-anything-is ()
  (imagewire-tests--with ()
    (pcase-dolist (`(,input . ,reason)
                   `(((:seed 0.0e+NaN) . "not finite")
                     ((:style "caf\377") . "not text")
                     ((:list ,(vector (list :style (string #xd800)))) . "not text")
                     ((:size ignore) . "cannot hold")
                     ((:mask ,(make-string (* 64 1024 1024) ?x)) . "reads no message over 67108864")))
      (let* ((imagewire-input input)
             (problem (should-error (imagewire-generate "a fox") :type 'user-error)))
        (should (string-search reason (cadr problem)))
        (should (string-search "Nothing was sent" (cadr problem)))
        (should-not imagewire--connection)
        (should-not (imagewire-status))
        (should-not (overlays-in (point-min) (point-max)))))
    ;; Nor does it stop what waits for the start of the process.
    (imagewire-generate "a fox")
    (let ((imagewire-input '(:seed 0.0e+NaN)))
      (should-error (imagewire-generate "a yak") :type 'user-error))
    (imagewire-generate "a cow")
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a fox](images/a-fox.png)![a cow](images/a-cow.png)"))))

(ert-deftest imagewire-a-key-that-cannot-be-sent-is-in-no-message ()
  (dolist (key (list "wsk_SECRET\377" (lambda () (json-parse-string "wsk_SECRET"))
                     (lambda () (signal 'wrong-type-argument '(stringp "wsk_SECRET")))))
    (imagewire-tests--with ((imagewire-configuration `((wavespeed_api_key . ,key))))
      (let ((problem (should-error (imagewire-generate "a fox") :type 'user-error)))
        (should (string-search "imagewire-configuration" (cadr problem)))
        (should (string-search "Nothing was sent" (cadr problem)))
        (should-not (string-search "SECRET" (format "%S" problem))))
      (should-not imagewire--connection)
      (should-not (imagewire-status)))))

(ert-deftest imagewire-an-error-that-does-not-say-whose-it-is ()
  (imagewire-tests--with ((imagewire-command
                           (imagewire-tests--fake "reply '{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\
\"message\":\"Parse error\"}}'"))
                          (failed 0))
    (insert "text")
    (imagewire-generate "a fox")
    (imagewire-tests--message "imagewire: Parse error")
    (imagewire-tests--idle)
    ;; With several calls it is not known which one is meant, and none may be reported as failed.
    (dotimes (_ 2) (imagewire--call :ping nil #'ignore (lambda (_) (cl-incf failed))))
    (imagewire-tests--message "does not say which: Parse error")
    (should (= failed 0))
    (delete-process (imagewire--connection-process imagewire--connection))
    (imagewire-tests--wait "both" (lambda () (= failed 2)))))

(ert-deftest imagewire-what-is-cancelled-before-it-is-sent-is-never-sent ()
  "What is cancelled before it is sent costs nothing, also when the program is ready [editor 9]."
  (imagewire-tests--with ()
    (imagewire-generate "a fox taken back")
    (imagewire-cancel)
    (should (string-search "Nothing was spent." (imagewire-tests--message "a fox taken back: cancelled")))
    (imagewire-generate "a fox that goes on")
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a fox that goes on](images/a-fox-that-goes-on.png)"))
    (imagewire-generate "a fox taken back")
    (imagewire-cancel)
    (should-not (imagewire-status))
    (should-not (imagewire-tests--listed "a fox taken back"))))

(ert-deftest imagewire-what-was-cancelled-is-cancelled-when-the-editor-ends-at-once ()
  (imagewire-tests--with ()
    (imagewire-tests--second-says
     (imagewire-tests--second (concat "SECOND_FOLDER=" folder) "SECOND_DELAY=3000" "SECOND_LEAVES=cancelled"))
    (should (equal (car (imagewire-tests--listed "boat of the second editor")) "cancelled"))))

(ert-deftest imagewire-what-an-editor-asks-for-when-it-ends-is-not-sent ()
  "An editor that ends right after a command sends nothing, also with a process that is ready [editor 10]."
  (imagewire-tests--with ((program (expand-file-name "program" folder))
                          (log (expand-file-name "log" folder)))
    ;; What is sent is written down, also if Emacs is gone by then.
    (write-region (format "#!/bin/sh\ntrap '' HUP\ntee -a %s | %s\necho end >>%s\n" log (getenv "IMAGEWIRE") log) nil program)
    (set-file-modes program #o755)
    (write-region "" nil log)
    (imagewire-tests--second-says
     (imagewire-tests--second (concat "SECOND_FOLDER=" folder) "SECOND_DELAY=1" "SECOND_LEAVES=ready"
                              (concat "IMAGEWIRE=" program)))
    (with-temp-buffer
      (imagewire-tests--wait "the end of what is sent" (lambda ()
                                                         (insert-file-contents log nil nil nil t)
                                                         (string-suffix-p "end\n" (buffer-string))))
      ;; The handshake, and the call that waited until the program was ready.
      (should (= 2 (how-many "\"method\"" (point-min) (point-max))))
      (should-not (string-search "submit" (buffer-string))))
    (imagewire-tests--second-says
     (imagewire-tests--second (concat "SECOND_FOLDER=" folder) "SECOND_DELAY=1" "SECOND_LEAVES=at once"))
    (should-not (imagewire-tests--listed "a cow of the last moment"))))

(ert-deftest imagewire-what-is-stopped-or-dies-before-it-is-asked-was-not-sent ()
  (imagewire-tests--with ((imagewire-command '("sh" "-c" "exec sleep 100")))
    (imagewire-generate "a fox")
    (let ((process (imagewire--connection-process imagewire--connection)))
      (imagewire-stop)
      (should-not (imagewire-status))
      (should (string-search "Nothing was sent" (imagewire-tests--message "the process was stopped")))
      (delete-process process))
    (setq imagewire-command '("sh" "-c" "exit 3"))
    (imagewire-generate "a fox")
    (should (string-search "Nothing was sent" (imagewire-tests--message "the process ended")))
    (imagewire-tests--idle)))

(ert-deftest imagewire-an-editor-that-was-suspended-reads-the-answer-that-is-there ()
  (imagewire-tests--with ((imagewire--limit 0.5)
                          (imagewire-input '(:size "64x64" :sandbox (:delay_ms 300))))
    (imagewire-generate "a fox")
    (imagewire-tests--wait "its start" (lambda () (imagewire--work-id (car imagewire--in-progress))))
    ;; Nothing is read and no timer runs meanwhile.
    (call-process "sleep" nil nil nil "1.5")
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a fox](images/a-fox.png)"))))

(ert-deftest imagewire-a-process-that-does-not-answer-is-not-waited-for-for-ever ()
  (imagewire-tests--with ((imagewire--limit 0.2)
                          (imagewire-command
                           (imagewire-tests--fake
                            "sleep 2; reply '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"id\":\"1\"}}'; exit")))
    (imagewire-generate "a fox")
    (should (string-search "imagewire-list" (imagewire-tests--message "it does not answer")))
    (imagewire-tests--idle)
    ;; A late answer is not an error.
    (imagewire-tests--wait "its end" (lambda () (null imagewire--connection)))
    (should (= (length (seq-filter (lambda (text) (string-prefix-p "imagewire:" text)) imagewire-tests--said)) 1))))

(ert-deftest imagewire-quit-while-a-key-is-asked-for ()
  (imagewire-tests--with ((imagewire-configuration '((wavespeed_api_key . (lambda () (signal 'quit nil))))))
    (should (eq 'quit (condition-case nil (imagewire-generate "a fox") (quit 'quit))))
    (should-not (imagewire-status))
    (should-not (overlays-in (point-min) (point-max)))
    (should-not imagewire--connection)))

(ert-deftest imagewire-quit-while-a-long-prompt-is-sent ()
  (imagewire-tests--with ((imagewire-command (imagewire-tests--fake "exec sleep 100")))
    (imagewire--call :ping nil #'ignore)
    (imagewire-tests--wait "its start" (lambda () (imagewire--connection-server imagewire--connection)))
    (let ((process (imagewire--connection-process imagewire--connection)))
      ;; What C-g does while Emacs waits.
      (make-process :name "user" :command '("sh" "-c" "sleep 0.3; echo C-g; sleep 9") :noquery t
                    :filter (lambda (user _) (delete-process user) (setq quit-flag t)))
      (imagewire-generate (make-string 1000000 ?x))
      (condition-case nil (imagewire-tests--idle) (quit nil))
      (should (string-search "Nothing was spent" (imagewire-tests--message "sending was interrupted")))
      (should-not (imagewire-status))
      (setq imagewire-command (list (getenv "IMAGEWIRE")))
      ;; The next message is not read as the rest of the interrupted one.
      (imagewire-generate "a yak")
      (imagewire-tests--idle)
      (should (equal (buffer-string) "![a yak](images/a-yak.png)"))
      (delete-process process))))

(ert-deftest imagewire-a-process-that-is-stopped-answers-what-it-owes-and-leaves-nothing ()
  (imagewire-tests--with ((imagewire-input '(:size "64x64" :sandbox (:delay_ms 500)))
                          (before (process-list)))
    (imagewire-generate "a fox")
    (imagewire-tests--wait "its start" (lambda () (imagewire--work-id (car imagewire--in-progress))))
    ;; It owes an answer, and speaks while the next one does.
    (imagewire-stop)
    (imagewire-generate "a yak")
    (imagewire-tests--idle)
    (should (string-search "![a fox](images/a-fox.png)" (buffer-string)))
    (should (string-search "![a yak](images/a-yak.png)" (buffer-string)))
    (imagewire-stop)
    (imagewire-tests--wait "the end of both processes and of what they wrote to"
                           (lambda () (null (seq-difference (process-list) before))))))

(ert-deftest imagewire-lines-come-in-parts-and-several-at-once ()
  (imagewire-tests--with ((connection (imagewire--connection "imagewire"))
                          (heard nil))
    (dolist (id '(1 2 3))
      (let ((request (imagewire--request
                      :ping nil
                      (lambda (result)
                        (push result heard)
                        ;; A callback may receive more output.
                        (when (= id 1) (imagewire--receive connection "3,\"result\":\"third\"}\n")))
                      #'ignore)))
        (setf (imagewire--request-id request) id)
        (push request (imagewire--connection-pending connection))))
    (imagewire--receive connection "{\"jsonrpc\":\"2.0\",\"id\":1,\"res")
    (imagewire--receive connection "ult\":\"first\"}")
    (should-not heard)
    (imagewire--receive connection "\n\n{\"id\":2,\"result\":\"second\"}\n{\"id\":")
    (should (equal heard '("third" "second" "first")))
    (should-not (imagewire--connection-pending connection))))

(ert-deftest imagewire-a-wait-that-cannot-begin-ends-the-work ()
  (imagewire-tests--with ((imagewire-command '("/nowhere/imagewire"))
                          (work (imagewire--work :prompt "a fox" :place (make-overlay 1 1) :id "1")))
    (push work imagewire--in-progress)
    (imagewire--cancel work)
    (imagewire--wait work)
    (should-not (imagewire-status))
    (should-not imagewire--listeners)
    (imagewire-tests--message "was not found")))

(provide 'imagewire-faults-tests)
;;; imagewire-faults-tests.el ends here
