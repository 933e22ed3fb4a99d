;;; imagewire-process.el --- The process of imagewire, and calls to it  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; One process for everything in this Emacs.  `imagewire--call' starts it if necessary, sends `initialize',
;; checks its version, and then sends.  Every call is answered once: with its result, its error, the reason why the
;; process ended, or a time limit.
;;
;; JSON-RPC 2.0, one message a line.  Emacs's own jsonrpc is not used: it drops errors whose id is null, and how its
;; versions can be made to report them differs.

;;; Code:

(require 'cl-lib)
(require 'rx)
(require 'imagewire-message)
(require 'imagewire-settings)

(defconst imagewire-oldest "0.1.0"
  "The oldest version of the program that this package can speak to.")

(defvar imagewire-patience 10
  "How long the program may take to answer when it starts, in seconds.")

(defvar imagewire--limit 90
  "How long a call may take, in seconds: longer than any wait that is asked for.")

(defconst imagewire--maximum (* 64 1024 1024)
  "The longest message that the program reads, in bytes.
It refuses a longer one without the id of the call.")

(cl-defstruct (imagewire--request (:constructor imagewire--request (method params succeeded failed &optional exact)) (:copier nil))
  "A call of METHOD with PARAMS; SUCCEEDED or FAILED is called once.
ID is the one it was sent with, TIMER ends its patience.  The
result of an EXACT one has hash tables, so that it can be sent as
it came."
  method params succeeded failed id timer exact)

(cl-defstruct (imagewire--connection (:constructor imagewire--connection (command)) (:copier nil))
  "The one process that everything in this Emacs shares.
COMMAND is the program's name, for messages.  PROCESS writes to
ERRORS, a pipe, whose last line is LOG.  SERVER is its answer to
`initialize', once its version is known.  Calls wait in QUEUE
until then, and until the command that makes them has returned.
Calls in PENDING were sent.  LAST-ID is that of the last request.
PARTIAL has the parts of a line that is not complete, newest
first; LINES are complete, and are handled next.  END says why the
process has ended."
  command process errors (log "") server queue pending (last-id 0) partial lines end)

(defvar imagewire--connection nil
  "The connection to the process as it is now, or nil.")

(defvar imagewire--listeners nil
  "Alist of workDoneToken to the function that gets the values of its reports.")

(defun imagewire--configuration ()
  "Return `imagewire-configuration' as JSON, with functions called."
  (let ((told (make-hash-table :test #'equal)))
    (pcase-dolist (`(,name . ,value) imagewire-configuration)
      (when (functionp value)
        (setq value (condition-case problem
                        (funcall value)
                      (error
                       ;; Errors of Emacs itself quote the value, which may be a key.
                       (user-error "The function for %s in `imagewire-configuration' failed: %s.  Nothing was sent" name
                                   (if (memq (car problem) '(error user-error))
                                       (error-message-string problem)
                                     (get (car problem) 'error-message)))))))
      (when value (puthash (symbol-name name) value told)))
    told))

;;;; Messages

(defun imagewire--json (value)
  "Return VALUE as JSON; nil is null."
  (json-serialize value :false-object :json-false :null-object nil))

(defun imagewire--check (params what)
  "Signal a `user-error' if PARAMS, called WHAT, cannot be sent.
The error does not quote the value, which may be a key."
  (let ((size (condition-case problem
                  (string-bytes (imagewire--json params))
                (error
                 (user-error "%s cannot be sent as JSON: %s.  Nothing was sent" what
                             ;; Emacs 28 and Emacs 30 signal different errors.
                             (pcase problem
                               (`(wrong-type-argument ,_ ,(pred stringp)) "it contains bytes that are not text")
                               ((or '(json-out-of-memory) `(error ,(rx "Inf or NaN") . ,_)) "a number is not finite")
                               ((or '(json-object-too-deep) `(error ,(rx "depth") . ,_)) "it is nested too deeply")
                               (_ "JSON cannot hold one of its values")))))))
    ;; The rest is room for the envelope.
    (when (> (+ size 256) imagewire--maximum)
      (user-error "%s cannot be sent: it has %d bytes, and imagewire reads no message over %d.  Nothing was sent"
                  what size imagewire--maximum))))

(defun imagewire--answer (connection request succeeded answer)
  "End REQUEST of CONNECTION: it SUCCEEDED, or failed, with ANSWER.
It is called back once: not where its answer came before."
  (when (memq request (imagewire--connection-pending connection))
    (setf (imagewire--connection-pending connection) (delq request (imagewire--connection-pending connection)))
    (when (imagewire--request-timer request) (cancel-timer (imagewire--request-timer request)))
    (imagewire--guarded (if succeeded (imagewire--request-succeeded request) (imagewire--request-failed request))
                        answer)))

(defun imagewire--parsed (line type)
  "Return the message in LINE with objects of TYPE, or nil if it is not JSON."
  (ignore-errors (json-parse-string line :object-type type :null-object nil :false-object :json-false)))

(defun imagewire--handle (connection message line)
  "Handle MESSAGE of CONNECTION, a report or the reply to a call.
LINE is its text."
  (let* ((id (plist-get message :id))
         (pending (imagewire--connection-pending connection))
         (problem (plist-get message :error))
         (text (plist-get problem :message))
         (hint (plist-get (plist-get problem :data) :hint))
         (request (cond (id (cl-find id pending :key #'imagewire--request-id :test #'equal))
                        ;; The program could not read its id, and only one call is in flight.
                        ((and problem (null (cdr pending))) (car pending)))))
    (cond
     ((plist-get message :method)
      (let* ((params (plist-get message :params))
             (value (plist-get params :value))
             (listener (alist-get (plist-get params :token) imagewire--listeners nil nil #'equal)))
        (when (and listener (equal (plist-get value :kind) "report"))
          (imagewire--guarded listener value))))
     (request
      (if problem
          (imagewire--answer connection request nil (if hint (concat text " " hint) text))
        (imagewire--answer connection request t
                           (if (imagewire--request-exact request)
                               (gethash "result" (imagewire--parsed line 'hash-table))
                             (plist-get message :result)))))
     ((and problem (null id))
      ;; An accepted submit must not be reported as failed: it may cost money.
      (imagewire--warn "a call could not be read, and the error does not say which: %s" text)))))

(defun imagewire--receive (connection output)
  "Handle the lines of OUTPUT of CONNECTION, and keep the part of one."
  (let ((parts (split-string output "\n")))
    (push (pop parts) (imagewire--connection-partial connection))
    (dolist (part parts)
      (let ((line (apply #'concat (nreverse (imagewire--connection-partial connection)))))
        (setf (imagewire--connection-partial connection) (list part)
              (imagewire--connection-lines connection) (nconc (imagewire--connection-lines connection) (list line))))))
  ;; A callback may receive more lines; they come behind the lines that are here.
  (while (imagewire--connection-lines connection)
    (let* ((line (pop (imagewire--connection-lines connection)))
           (message (imagewire--parsed line 'plist)))
      (cond ((keywordp (car-safe message)) (imagewire--handle connection message line))
            ((not (string-empty-p line))
             (setf (imagewire--connection-lines connection) nil)
             (imagewire--give-up connection (format "%s does not speak JSON-RPC.  Is it imagewire?%s"
                                                    (imagewire--connection-command connection)
                                                    (if (imagewire--connection-server connection) ""
                                                      "  Nothing was sent."))))))))

;;;; The end

(defun imagewire--running-p (connection)
  "Whether CONNECTION has a process that is alive."
  (process-live-p (imagewire--connection-process connection)))

(defun imagewire--last-words (connection)
  "Return the last line that CONNECTION wrote to its standard error, or nil."
  (let ((errors (imagewire--connection-errors connection)))
    ;; The end of a process is often noticed before that is read.  With a limit: a child process may keep it open.
    (cl-loop repeat 10 while (and (process-live-p errors) (accept-process-output errors 0.1 nil 1))))
  (car (last (split-string (imagewire--connection-log connection) "\n" t "[ \t\r]+"))))

(defun imagewire--end-message (connection)
  "Return the reason why CONNECTION has ended."
  (or (imagewire--connection-end connection)
      (let ((words (imagewire--last-words connection)))
        ;; Only once: its last line may have to be waited for.
        (setf (imagewire--connection-end connection)
              (concat "the process ended."
                      (when words (format " Its last message: %s." words))
                      (if (imagewire--connection-server connection)
                          " Accepted predictions are kept and are not paid for twice: M-x imagewire-list shows them,"
                        " Nothing was sent,")
                      " and the next command starts the process again.")))))

(defun imagewire--fail-queue (connection message)
  "Fail the requests that wait to be sent to CONNECTION with MESSAGE."
  (let ((queue (nreverse (imagewire--connection-queue connection))))
    (setf (imagewire--connection-queue connection) nil)
    (dolist (request queue)
      (imagewire--guarded (imagewire--request-failed request) message))))

(defun imagewire--ended (connection)
  "Fail all requests of CONNECTION, which has ended."
  (when (eq connection imagewire--connection) (setq imagewire--connection nil))
  (let ((message (imagewire--end-message connection)))
    (dolist (request (reverse (imagewire--connection-pending connection)))
      (imagewire--answer connection request nil message))
    (imagewire--fail-queue connection message))
  (delete-process (imagewire--connection-errors connection)))

(defun imagewire--give-up (connection why)
  "End CONNECTION; WHY is the error of all its requests."
  (setf (imagewire--connection-end connection) why)
  (delete-process (imagewire--connection-process connection)))

;;;; The beginning

(defun imagewire--send (connection request)
  "Send REQUEST to CONNECTION."
  (setf (imagewire--request-id request) (cl-incf (imagewire--connection-last-id connection)))
  (push request (imagewire--connection-pending connection))
  (condition-case problem
      (progn
        (process-send-string
         (imagewire--connection-process connection)
         (concat (imagewire--json (list :jsonrpc "2.0" :id (imagewire--request-id request)
                                        :method (substring (symbol-name (imagewire--request-method request)) 1)
                                        :params (imagewire--request-params request)))
                 "\n"))
        (when (memq request (imagewire--connection-pending connection))
          (let ((fail (lambda ()
                        (imagewire--answer connection request nil
                                           "it does not answer.  M-x imagewire-list shows the accepted predictions."))))
            (setf (imagewire--request-timer request)
                  (run-with-timer
                   imagewire--limit nil
                   (lambda ()
                     ;; After Emacs was suspended or busy for so long, the answer may be there and not be read yet.
                     (setf (imagewire--request-timer request) (run-with-timer 1 nil fail))))))))
    (quit
     ;; The next message would be read as the rest of this one.
     (let ((why "sending was interrupted.  Nothing was spent; M-x imagewire-list shows earlier predictions."))
       (imagewire--part connection why)
       (imagewire--answer connection request nil why)))
    (error
     ;; Later, as every answer.  If the process has ended, the message says so.
     (let ((message (format "%s.  Nothing was sent" (error-message-string problem))))
       (run-with-timer 0 nil (lambda ()
                               (imagewire--answer connection request nil
                                                  (if (imagewire--running-p connection) message
                                                    (imagewire--end-message connection)))))))))

(defun imagewire--flush (connection)
  "Send what waits for CONNECTION, in its order."
  (when (and (imagewire--connection-server connection) (imagewire--running-p connection))
    (while (imagewire--connection-queue connection)
      (let ((request (car (last (imagewire--connection-queue connection)))))
        (setf (imagewire--connection-queue connection) (delq request (imagewire--connection-queue connection)))
        ;; In a timer, where a user could not quit otherwise.
        (with-local-quit (imagewire--send connection request))))))

(defun imagewire--introduced (connection result)
  "Check the version in RESULT, then send what waits for CONNECTION."
  (let* ((information (plist-get result :serverInfo))
         (version (plist-get information :version)))
    (if (not (and (equal (plist-get information :name) "imagewire")
                  (ignore-errors (version<= imagewire-oldest version))))
        (imagewire--give-up
         connection
         (format "%s is too old: this package needs imagewire %s or newer, and this is %s.  Nothing was sent."
                 (imagewire--connection-command connection) imagewire-oldest (or version "something else")))
      (setf (imagewire--connection-server connection) result)
      (imagewire--flush connection))))

(defun imagewire--spawn (connection)
  "Start the process of CONNECTION."
  (let* ((errors (make-pipe-process
                  :name "imagewire stderr" :noquery t :coding 'utf-8 :sentinel #'ignore
                  :filter (lambda (_ output)
                            ;; Only the end is ever shown.
                            (let ((log (concat (imagewire--connection-log connection) output)))
                              (setf (imagewire--connection-log connection) (substring log (- (min 4000 (length log)))))))))
         ;; The process lives longer than the folder or the remote machine of this buffer.
         (default-directory temporary-file-directory))
    (setf (imagewire--connection-errors connection) errors
          (imagewire--connection-process connection)
          (condition-case problem
              (make-process :name "imagewire" :command (imagewire--command) :connection-type 'pipe :noquery t
                            :coding 'utf-8-emacs-unix :stderr errors
                            :filter (lambda (_ output) (imagewire--receive connection output))
                            :sentinel (lambda (process _)
                                        (unless (process-live-p process) (imagewire--ended connection))))
            (error
             (delete-process errors)
             (signal (car problem) (cdr problem)))))))

(defconst imagewire--usual-places '("~/.local/bin" "/usr/local/bin" "/opt/homebrew/bin")
  "Where programs are that shells find and an Emacs of a desktop may not.")

(defun imagewire--command ()
  "The command line; a program that no setting names is looked for."
  (let ((named (getenv "IMAGEWIRE")))
    (cond ((not (equal imagewire-command '("imagewire"))) imagewire-command)
          ((and named (not (equal named ""))) (list named))
          ((executable-find "imagewire") imagewire-command)
          (t (list (or (locate-file "imagewire" imagewire--usual-places nil 'executable) "imagewire"))))))

(defun imagewire--found-command ()
  "Return the command line, or signal a `user-error' if there is no program."
  (let ((program (car (imagewire--command))))
    (unless (executable-find program)
      (user-error "The program \"%s\" was not found%s.  Install imagewire, or say where it is: \
M-x customize-variable RET imagewire-command" program
                  (if (equal program "imagewire")
                      (concat " on the path or in " (string-join imagewire--usual-places ", "))
                    "")))
    (imagewire--command)))

(defun imagewire--start ()
  "Start the process, or signal a `user-error' where it cannot be."
  (imagewire--found-command)
  (let* ((configuration (imagewire--configuration))
         (connection (progn (imagewire--check configuration "`imagewire-configuration'")
                            (imagewire--connection (car (imagewire--command))))))
    (imagewire--spawn connection)
    (setq imagewire--connection connection)
    (imagewire--send
     connection
     (imagewire--request
      :initialize
      (list :clientInfo (list :name "emacs" :version emacs-version) :configuration configuration)
      (lambda (result) (imagewire--introduced connection result))
      (lambda (message)
        (unless (imagewire--connection-end connection)
          (when (imagewire--running-p connection) (imagewire--give-up connection message))))))
    (let ((give-up
           (lambda ()
             (when (and (eq connection imagewire--connection) (not (imagewire--connection-server connection)))
               (imagewire--give-up connection
                                   (format "%s did not answer within %s s.  Is it imagewire?  Nothing was sent."
                                           (imagewire--connection-command connection) imagewire-patience))))))
      ;; In two steps, for the reason given where a call is sent.
      (run-with-timer imagewire-patience nil (lambda () (run-with-timer 0.5 nil give-up))))
    connection))

(defun imagewire--call (method params succeeded &optional failed exact)
  "Call METHOD with PARAMS, and SUCCEEDED with its result, later.
FAILED is called with a message instead where it fails; by default
the message is shown.  With EXACT the result has hash tables.
Signals a `user-error' where the program cannot be started or
PARAMS cannot be sent.  Nothing is sent before the command that
calls this returns or waits.  Returns what `imagewire--withdraw'
takes."
  ;; Checked before the request is registered: a message that cannot be sent gets no reply.
  (imagewire--check params (substring (symbol-name method) 1))
  (let ((connection (if (and imagewire--connection (imagewire--running-p imagewire--connection))
                        imagewire--connection
                      (imagewire--start)))
        (request (imagewire--request method params succeeded (or failed #'imagewire--report) exact)))
    (if (imagewire--running-p connection)
        (progn
          (push request (imagewire--connection-queue connection))
          (run-with-timer 0 nil #'imagewire--flush connection))
      ;; It has ended already.
      (run-with-timer 0 nil (lambda ()
                              (imagewire--guarded (imagewire--request-failed request)
                                                  (imagewire--end-message connection)))))
    request))

(defun imagewire--withdraw (request)
  "Take back REQUEST where it still waits to be sent; return whether it did.
None of its functions is called then."
  (when (and imagewire--connection (memq request (imagewire--connection-queue imagewire--connection)))
    (setf (imagewire--connection-queue imagewire--connection)
          (delq request (imagewire--connection-queue imagewire--connection)))
    t))

(defun imagewire--part (connection why)
  "End the input of CONNECTION, which then answers every call that it has read.
WHY is the error of each call that stays without an answer."
  (when (eq connection imagewire--connection) (setq imagewire--connection nil))
  (setf (imagewire--connection-end connection) why)
  (ignore-errors (process-send-eof (imagewire--connection-process connection)))
  (imagewire--fail-queue connection "the process was stopped.  Nothing was sent."))

(defun imagewire-stop ()
  "End the process.  The next command will start it with the settings of then."
  (interactive)
  (when-let ((connection imagewire--connection))
    (imagewire--flush connection)
    (imagewire--part connection "the process was ended by M-x imagewire-stop.  \
M-x imagewire-list shows the accepted predictions.")))

(provide 'imagewire-process)
;;; imagewire-process.el ends here
