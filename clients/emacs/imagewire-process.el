;;; imagewire-process.el --- The process of imagewire, and calls to it  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; One process for everything in this Emacs.  `imagewire--call' starts it where there is none, introduces Emacs to it,
;; and sends when it has said that it is new enough.  Every call is answered once: with its result, its error, why the
;; process ended, or that it does not answer.

;;; Code:

(require 'cl-lib)
(require 'eieio)
(require 'jsonrpc)
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
What is longer it can refuse only without saying which call it was.")

(defvar imagewire--starts 0 "How many processes there were.")

(defclass imagewire-connection (jsonrpc-process-connection)
  ((command :initarg :command :documentation "The program's name, for messages.")
   (server :initform nil :documentation "What it said of itself, once its version is known.")
   (queue :initform nil :documentation "Calls that wait for that, newest first.")
   (unclaimed :initform nil :documentation "Errors that no call has taken yet.")
   (pending :initform nil :documentation "For each call that was sent, a function that fails it.")
   (end :initform nil :documentation "Why it is no more, once that is known."))
  :documentation "The one process that everything in this Emacs shares.")

(defvar imagewire--connection nil
  "The process as it is now, or nil.")

(defvar imagewire--listeners nil
  "Alist of workDoneToken to the function that hears its reports.")

(defun imagewire--configuration ()
  "Return `imagewire-configuration' as JSON, with functions called."
  (let ((told (make-hash-table :test #'equal)))
    (pcase-dolist (`(,name . ,value) imagewire-configuration)
      (when (functionp value)
        (setq value (condition-case problem
                        (funcall value)
                      (error
                       ;; Errors of Emacs itself quote what they stumble over, and here that may be a key.
                       (user-error "The function for %s in `imagewire-configuration' failed: %s.  Nothing was sent" name
                                   (if (memq (car problem) '(error user-error))
                                       (error-message-string problem)
                                     (get (car problem) 'error-message)))))))
      (when value (puthash (symbol-name name) value told)))
    told))

(defun imagewire--check (params what)
  "Signal a `user-error' where PARAMS cannot be sent; WHAT is their name.
It does not tell the value, which may be a key."
  (let ((size (condition-case problem
                  (string-bytes (jsonrpc--json-encode params))
                (error
                 (user-error "%s cannot be sent as JSON: %s.  Nothing was sent" what
                             (pcase problem
                               (`(wrong-type-argument utf-8-string-p . ,_) "there are bytes that are no text")
                               (`(json-out-of-memory . ,_) "a number is not finite")
                               (`(json-object-too-deep . ,_) "it is nested too deeply")
                               (_ "there is something that JSON cannot hold")))))))
    ;; The rest is room for the envelope.
    (when (> (+ size 256) imagewire--maximum)
      (user-error "%s cannot be sent: it has %d bytes, and imagewire reads no message over %d.  Nothing was sent"
                  what size imagewire--maximum))))

(defun imagewire--last-words (connection)
  "Return the last line that CONNECTION said on stderr, or nil.
The end of a process is often noticed before its last words are read, and
Emacs adds a line of its own when it has read them."
  (let ((buffer (jsonrpc-stderr-buffer connection)))
    (dolist (pipe (process-list))
      (when (eq (process-buffer pipe) buffer)
        ;; Not for ever: a child of its own may still speak.
        (cl-loop repeat 10 while (accept-process-output pipe 0.1 nil 1))))
    (when (buffer-live-p buffer)
      (car (last (seq-remove (lambda (line) (string-match-p "\\`Process .* stderr\\(?:<[0-9]+>\\)? " line))
                             (split-string (with-current-buffer buffer (buffer-string)) "\n" t "[ \t\r]+")))))))

(defun imagewire--end-message (connection)
  "Say why CONNECTION is no more."
  (or (oref connection end)
      (let ((words (imagewire--last-words connection)))
        ;; Once for all who wait: its last words may have to be waited for.
        (oset connection end
              (concat "the process ended."
                      (when words (format " It said: %s." words))
                      (if (oref connection server)
                          " What it had accepted is kept, and is not paid for twice: M-x imagewire-list shows it,"
                        " Nothing was sent,")
                      " and the next command starts the process again.")))))

(defun imagewire--fail-queue (connection message)
  "Tell whatever has not been sent to CONNECTION yet that it will not be: MESSAGE."
  (let ((queue (nreverse (oref connection queue))))
    (oset connection queue nil)
    (pcase-dolist (`(,_ ,_ ,_ ,failed) queue)
      (imagewire--guarded failed message))))

(defun imagewire--ended (connection)
  "Fail what has been waiting for CONNECTION, which is no more."
  (when (eq connection imagewire--connection) (setq imagewire--connection nil))
  (imagewire--fail-queue connection (imagewire--end-message connection))
  (run-with-timer 0 nil #'imagewire--clear-away connection))

(defun imagewire--clear-away (connection)
  "Kill the buffers of CONNECTION, which is no more."
  (let ((process (jsonrpc--process connection))
        (kill-buffer-query-functions nil))
    (if (process-get process 'imagewire-reading)
        ;; jsonrpc is still in its buffer, and would go on in whatever buffer came after it.
        (run-with-timer 1 nil #'imagewire--clear-away connection)
      (dolist (buffer (list (process-buffer process) (jsonrpc-stderr-buffer connection)
                            (get-buffer (format "*%s events*" (jsonrpc-name connection)))))
        (when (buffer-live-p buffer) (kill-buffer buffer))))))

(defun imagewire--give-up (connection why)
  "End CONNECTION and say WHY to everybody who waits for it."
  (oset connection end why)
  (delete-process (jsonrpc--process connection)))

(defun imagewire--notified (_connection method params)
  "Pass on PARAMS of METHOD, where they are a report somebody listens to."
  (when (eq method '$/progress)
    (let ((listener (alist-get (plist-get params :token) imagewire--listeners nil nil #'equal))
          (value (plist-get params :value)))
      (when (and listener (equal (plist-get value :kind) "report"))
        (imagewire--guarded listener (plist-get value :message))))))

(cl-defmethod (setf jsonrpc-last-error) :after (error (connection imagewire-connection))
  "See to it that somebody of CONNECTION hears of ERROR.
jsonrpc notes every error here, and calls nobody for one that does
not say whose it is."
  (when error
    (push error (oref connection unclaimed))
    (run-with-timer 0 nil #'imagewire--unclaimed connection error)))

(defun imagewire--unclaimed (connection error)
  "Handle ERROR of CONNECTION, unless it was some call's."
  (when (memq error (oref connection unclaimed))
    (oset connection unclaimed (delq error (oref connection unclaimed)))
    (let ((pending (oref connection pending))
          (message (plist-get error :message)))
      ;; It could not be read so far as to its id, and only one can be meant.
      (if (and pending (null (cdr pending)))
          (funcall (car pending) message)
        ;; A submit that was accepted must not be said to have failed: it may cost money.
        (imagewire--say-error (concat "a call could not be read, and it is not said which: " message))))))

(defun imagewire--fail-later (connection failed)
  "Call FAILED, because CONNECTION has just ended; its end may be over already."
  (run-with-timer 0 nil (lambda () (imagewire--guarded failed (imagewire--end-message connection)))))

(defun imagewire--send (connection method params succeeded failed)
  "Send METHOD with PARAMS to CONNECTION; call SUCCEEDED or FAILED later."
  (let* (timer over fail
         (settle (lambda (function argument)
                   (unless over
                     (setq over t)
                     (when timer (cancel-timer timer))
                     (oset connection pending (delq fail (oref connection pending)))
                     (imagewire--guarded function argument)))))
    (setq fail (lambda (message) (funcall settle failed message)))
    (condition-case problem
        (progn
          (jsonrpc-async-request
           connection method params
           :timeout nil
           :success-fn (lambda (result) (funcall settle succeeded result))
           :error-fn (jsonrpc-lambda (&key code message data)
                       (oset connection unclaimed
                             (delq (jsonrpc-last-error connection) (oref connection unclaimed)))
                       (let ((hint (and (listp data) (plist-get data :hint))))
                         (funcall fail (cond ((eql code -1) (imagewire--end-message connection))
                                             (hint (concat message " " hint))
                                             (t message))))))
          (push fail (oref connection pending))
          (setq timer (run-with-timer
                       imagewire--limit nil
                       (lambda ()
                         ;; After Emacs was suspended or busy for so long, the answer may be there and not be read yet.
                         (setq timer (run-with-timer
                                      1 nil fail
                                      "it does not answer.  M-x imagewire-list shows what it has accepted."))))))
      (quit
       ;; Whatever came behind half a message would be read as its other half.
       (imagewire--part connection "sending was interrupted.  M-x imagewire-list shows what was accepted before.")
       (signal 'quit nil))
      (error
       (if (jsonrpc-running-p connection)
           ;; Somebody has stopped it, say.
           (run-with-timer 0 nil #'imagewire--guarded failed
                           (format "%s.  Nothing was sent" (error-message-string problem)))
         (imagewire--fail-later connection failed))))))

(defun imagewire--introduced (connection result)
  "Check the version in RESULT, then send what waits for CONNECTION."
  (let* ((information (plist-get result :serverInfo))
         (version (plist-get information :version)))
    (if (not (and (equal (plist-get information :name) "imagewire")
                  (ignore-errors (version<= imagewire-oldest version))))
        (imagewire--give-up
         connection
         (format "%s is too old: this package needs imagewire %s or newer, and this is %s.  Nothing was sent."
                 (oref connection command) imagewire-oldest (or version "something else")))
      (oset connection server result)
      (let ((queue (nreverse (oref connection queue))))
        (oset connection queue nil)
        (dolist (call queue) (apply #'imagewire--send connection call))))))

(defun imagewire--start ()
  "Start the process, or signal a `user-error' where it cannot be."
  (unless (executable-find (car imagewire-command))
    (user-error "The program \"%s\" was not found.  Install imagewire, or say where it is: \
M-x customize-variable RET imagewire-command" (car imagewire-command)))
  (let* ((configuration (imagewire--configuration))
         ;; One that was stopped may still speak, so each has buffers of its own.
         (name (format "imagewire-%d" (cl-incf imagewire--starts)))
         (stderr (progn (imagewire--check configuration "`imagewire-configuration'")
                        (format "*%s stderr*" name)))
         ;; The process lives longer than the folder or the remote machine of this buffer.
         (default-directory temporary-file-directory)
         (connection
          (apply #'make-instance 'imagewire-connection
                 :name name
                 :command (car imagewire-command)
                 :process (lambda ()
                            (condition-case problem
                                (make-process :name name :command imagewire-command
                                              :connection-type 'pipe :coding 'utf-8-emacs-unix :noquery t
                                              :stderr (get-buffer-create stderr))
                              (error
                               (kill-buffer stderr)
                               (signal (car problem) (cdr problem)))))
                 :notification-dispatcher #'imagewire--notified
                 :on-shutdown #'imagewire--ended
                 ;; Nothing is logged: the first message may hold a key.
                 (if (slot-exists-p 'jsonrpc-connection '-events-buffer-config)
                     '(:events-buffer-config (:size 0))
                   '(:events-buffer-scrollback-size 0)))))
    (setq imagewire--connection connection)
    (let* ((process (jsonrpc--process connection))
           (filter (process-filter process)))
      (set-process-filter process (lambda (process output)
                                    (process-put process 'imagewire-reading t)
                                    (unwind-protect (funcall filter process output)
                                      (process-put process 'imagewire-reading nil)))))
    (imagewire--send
     connection :initialize
     (list :clientInfo (list :name "emacs" :version emacs-version) :configuration configuration)
     (lambda (result) (imagewire--introduced connection result))
     (lambda (message)
       (unless (oref connection end)
         (when (jsonrpc-running-p connection) (imagewire--give-up connection message)))))
    (let ((give-up
           (lambda ()
             (when (and (eq connection imagewire--connection) (not (oref connection server)))
               (imagewire--give-up connection
                                   (format "%s did not answer within %s s.  Is it imagewire?  Nothing was sent."
                                           (oref connection command) imagewire-patience))))))
      ;; In two steps, for the reason given where a call is sent.
      (run-with-timer imagewire-patience nil (lambda () (run-with-timer 0.5 nil give-up))))
    connection))

(defun imagewire--call (method params succeeded &optional failed)
  "Call METHOD with PARAMS, and SUCCEEDED with its result, later.
FAILED is called with a message instead where it fails; by default
the message is shown.  Signals a `user-error' where the program
cannot be started or PARAMS cannot be sent.  Returns what
`imagewire--withdraw' takes."
  ;; Before anything waits for it: what cannot be sent is not answered.
  (imagewire--check params (substring (symbol-name method) 1))
  (let ((connection (if (and imagewire--connection (jsonrpc-running-p imagewire--connection))
                        imagewire--connection
                      (imagewire--start)))
        (call (list method params succeeded (or failed #'imagewire--say-error))))
    (cond ((oref connection server) (apply #'imagewire--send connection call))
          ((jsonrpc-running-p connection) (push call (oref connection queue)))
          (t (imagewire--fail-later connection (nth 3 call))))
    call))

(defun imagewire--withdraw (call)
  "Take back CALL where it still waits to be sent; return whether it did.
None of its functions is called then."
  (when (and imagewire--connection (memq call (oref imagewire--connection queue)))
    (oset imagewire--connection queue (delq call (oref imagewire--connection queue)))
    t))

(defun imagewire--part (connection why)
  "End the input of CONNECTION, which then finishes what it owes.
WHY is for those whose answer does not come before that."
  (when (eq connection imagewire--connection) (setq imagewire--connection nil))
  (oset connection end why)
  (ignore-errors (process-send-eof (jsonrpc--process connection)))
  (imagewire--fail-queue connection "the process was stopped before it was asked.  Nothing was sent."))

(defun imagewire-stop ()
  "End the process.  The next command will start it with the settings of then."
  (interactive)
  (when imagewire--connection
    (imagewire--part imagewire--connection "the process was ended by M-x imagewire-stop.  \
M-x imagewire-list shows what it has accepted.")))

(provide 'imagewire-process)
;;; imagewire-process.el ends here
