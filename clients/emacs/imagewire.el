;;; imagewire.el --- Pictures from words, as links in the text  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: multimedia, tools, hypermedia
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; `imagewire-generate' makes a picture of a prompt, or of the region, and inserts a link to it where the command was
;; given: Org, LaTeX, HTML or Markdown, as the major mode wants.  You may go on writing meanwhile, here or elsewhere.
;; `imagewire-list' shows what was made, `imagewire-cancel' cancels what is under way.
;;
;; The work is done by the program `imagewire', one process that is started when it is first needed and ends with
;; Emacs.  Without a key it draws with its sandbox: offline, free, good for trying.

;;; Code:

(require 'cl-lib)
(require 'eieio)
(require 'jsonrpc)
(require 'subr-x)
(require 'tabulated-list)

(declare-function auth-source-pick-first-password "auth-source" (&rest spec))
(declare-function org-link-make-string "ol" (link &optional description))
(declare-function org-display-inline-images "org" (&optional include-linked refresh beg end))

;;;; Settings

(defgroup imagewire nil
  "Pictures from words, as links in the text."
  :group 'multimedia
  :prefix "imagewire-")

(defcustom imagewire-command '("imagewire")
  "The program and its arguments."
  :type '(repeat string))

(defcustom imagewire-folder "images"
  "Where pictures go, seen from the folder of the buffer's file.
Nil leaves them in imagewire's own folder; so does a buffer
without a file."
  :type '(choice (string :tag "Beside the document")
                 (const :tag "imagewire's own folder" nil)))

(defcustom imagewire-configuration nil
  "What the process is told when it starts.
An alist of provider, model, wavespeed_api_key and openai_api_key
to a string, or to a function that returns one, such as
`imagewire-key-from-auth-source'."
  :type '(alist :key-type (choice (const provider) (const model)
                                  (const wavespeed_api_key) (const openai_api_key))
                :value-type (choice string function)))

(defcustom imagewire-input nil
  "Further input for the model, a plist such as (:size \"1024x1024\")."
  :type 'plist)

(defcustom imagewire-link-formats nil
  "How links are written in other modes.
An alist of major mode to a function of the file's path and a
short description.  It is asked before the built-in ones."
  :type '(alist :key-type symbol :value-type function))

(defcustom imagewire-display-images t
  "Whether a picture is shown beside its link, in Org and Markdown."
  :type 'boolean)

(defcustom imagewire-image-width 480
  "The greatest width of a picture shown in a buffer, in pixels."
  :type 'natnum)

(defface imagewire-progress '((t :inherit shadow))
  "Face of the words shown where a picture is to appear.")

(defun imagewire-key-from-auth-source ()
  "Return the password of host \"api.wavespeed.ai\" in auth-source, or nil.
It is meant for `wavespeed_api_key' in `imagewire-configuration'."
  (require 'auth-source)
  (auth-source-pick-first-password :host "api.wavespeed.ai"))

;;;; The process

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

(defun imagewire--say (format &rest arguments)
  "Show a message made of FORMAT and ARGUMENTS."
  (message "%s" (concat "imagewire: " (apply #'format format arguments))))

(defun imagewire--say-error (text)
  "Show TEXT about what went wrong."
  (message "%s" (propertize (concat "imagewire: " text) 'face 'error)))

(defun imagewire--guarded (function &rest arguments)
  "Call FUNCTION with ARGUMENTS; return what it does, or nil where it fails.
A fault in there is said, and is not the end of what the process
has to say to others."
  (condition-case problem
      ;; jsonrpc allows itself to change what is read-only, which is not meant for the user's text.
      (let ((inhibit-read-only nil)) (apply function arguments))
    (error
     (imagewire--say-error (error-message-string problem))
     nil)))

(defun imagewire--short (prompt limit)
  "Return PROMPT on one line of at most LIMIT characters."
  (let ((line (string-trim (replace-regexp-in-string "[[:space:]\n]+" " " prompt))))
    (if (<= (length line) limit) line (concat (substring line 0 (1- limit)) "…"))))

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

;;;; Links

(defun imagewire--url (path)
  "Percent-encode what would end or change a link in PATH."
  (replace-regexp-in-string "[][[:cntrl:] %\"#?<>()\\`{}|^]"
                            (lambda (character) (format "%%%02X" (string-to-char character)))
                            path t t))

(defun imagewire--markdown (path description)
  "Link to PATH with DESCRIPTION, in Markdown."
  (format "![%s](%s)" (replace-regexp-in-string "[][\\`<]" "\\\\\\&" description) (imagewire--url path)))

(defun imagewire--org (path _description)
  "Link to PATH, in Org."
  (org-link-make-string (concat "file:" path)))

(defun imagewire--latex (path _description)
  "Link to PATH, in LaTeX."
  (format "\\includegraphics[width=\\linewidth]{%s}" path))

(defun imagewire--html (path description)
  "Link to PATH with DESCRIPTION, in HTML."
  (cl-flet ((quoted (text)
              (replace-regexp-in-string
               "[&<>\"]"
               (lambda (character)
                 (pcase character ("&" "&amp;") ("<" "&lt;") (">" "&gt;") (_ "&quot;")))
               text t t)))
    (format "<img src=\"%s\" alt=\"%s\">" (quoted (imagewire--url path)) (quoted description))))

(defun imagewire--link (path prompt)
  "Link to PATH, as the current buffer's mode writes it, described by PROMPT.
A format of the user's that fails costs its form, never the link:
then it is Markdown."
  (let ((own (cl-loop for (mode . function) in imagewire-link-formats
                      when (derived-mode-p mode) return function))
        (words (imagewire--short prompt 100)))
    (or (when own
          (condition-case problem
              (let ((text (funcall own path words)))
                (if (stringp text) text (error "It returned no text")))
            (error
             (imagewire--say-error (format "the function for %s in imagewire-link-formats failed: %s"
                                           major-mode (error-message-string problem)))
             nil)))
        (funcall
         (cond (own #'imagewire--markdown)
               ((derived-mode-p 'org-mode) #'imagewire--org)
               ((derived-mode-p 'tex-mode 'latex-mode 'TeX-mode 'LaTeX-mode) #'imagewire--latex)
               ((derived-mode-p 'html-mode 'mhtml-mode 'html-ts-mode 'web-mode) #'imagewire--html)
               (t #'imagewire--markdown))
         path words))))

(defun imagewire--pictures-folder ()
  "Return where this buffer's pictures go, or nil for imagewire's own folder."
  (when (and buffer-file-name imagewire-folder (not (file-remote-p buffer-file-name)))
    (directory-file-name
     (expand-file-name imagewire-folder (file-name-directory buffer-file-name)))))

(defun imagewire--name (prompt)
  "Return a file name made of the first words of PROMPT, or nil if there are none."
  (let* ((start (substring prompt 0 (min 400 (length prompt))))
         (name (string-trim (replace-regexp-in-string "[^a-z0-9]+" "-" (downcase start)) "-+" "-+")))
    (when (> (length name) 40)
      (setq name (string-trim (replace-regexp-in-string "-[^-]*\\'" "" (substring name 0 40)) "-+" "-+")))
    (unless (string-empty-p name) name)))

(defun imagewire--links (prediction prompt)
  "Return the lines to insert in this buffer for the files of PREDICTION of PROMPT."
  (mapconcat
   (lambda (file)
     (let ((path (plist-get file :path)))
       (imagewire--link
        ;; Relative only where the file is where this document keeps its pictures.
        (if (equal (directory-file-name (file-name-directory path)) (imagewire--pictures-folder))
            (concat (file-name-as-directory imagewire-folder) (file-name-nondirectory path))
          path)
        prompt)))
   (plist-get prediction :files) "\n"))

(defun imagewire--display (start end prediction)
  "Show the pictures of PREDICTION, whose links are between START and END."
  (when (and imagewire-display-images (display-images-p))
    (cond
     ((derived-mode-p 'org-mode) (org-display-inline-images nil nil start end))
     ((eq (char-after start) ?!)
      (let ((images (mapconcat
                     (lambda (file)
                       (propertize " " 'display (create-image (plist-get file :path) nil nil
                                                              :max-width imagewire-image-width)))
                     (plist-get prediction :files) " "))
            (overlay (make-overlay start end nil t nil)))
        (overlay-put overlay 'imagewire t)
        ;; It goes with the link.
        (overlay-put overlay 'evaporate t)
        (overlay-put overlay 'after-string (concat "\n" images)))))))

(defun imagewire--insert (prediction prompt)
  "Insert links to the files of PREDICTION of PROMPT at point, and show them."
  (let ((start (point)))
    (undo-boundary)
    (insert (imagewire--links prediction prompt))
    (undo-boundary)
    ;; A picture that cannot be shown is there all the same.
    (imagewire--guarded #'imagewire--display start (point) prediction)))

;;;; Work under way

(cl-defstruct (imagewire--work (:constructor imagewire--work) (:copier nil))
  "A picture under way, from its command to its link.
PLACE is an overlay of no width that keeps the place while the text
changes; OWN-LINE says that the link gets a line of its own there;
CALL is its submit."
  prompt place own-line (status "created") id call cancelled)

(defvar imagewire--under-way nil
  "Pictures under way in this Emacs, newest first.")

(defun imagewire-status ()
  "Return what is under way, in a few words; nil where nothing is."
  (cond ((cdr imagewire--under-way) (format "imagewire: %d pictures under way" (length imagewire--under-way)))
        (imagewire--under-way
         (format "imagewire: %s" (imagewire--work-status (car imagewire--under-way))))))

(defun imagewire--show (work words)
  "Show WORDS where the link of WORK is to appear, and in the mode line."
  (setf (imagewire--work-status work) words)
  (let ((place (imagewire--work-place work)))
    (when (overlay-buffer place)
      (overlay-put place 'after-string
                   (propertize (format " [%s: %s]" (imagewire--short (imagewire--work-prompt work) 30) words)
                               'face 'imagewire-progress))))
  (force-mode-line-update t))

(defun imagewire--finish (work)
  "Forget WORK."
  (setq imagewire--under-way (delq work imagewire--under-way))
  (delete-overlay (imagewire--work-place work))
  (force-mode-line-update t))

(defun imagewire--fail (work message)
  "Say with MESSAGE why WORK came to nothing."
  (imagewire--finish work)
  (imagewire--say-error message))

(defun imagewire--explain (prediction prompt)
  "Say how PREDICTION of PROMPT ended without a picture, and what it costs."
  (let* ((failure (plist-get prediction :failure))
         (status (plist-get prediction :status))
         (error (plist-get prediction :error))
         (reason (if (string-empty-p error) (or (plist-get failure :message) status) error))
         (hint (plist-get failure :hint))
         (text (concat (imagewire--short prompt 30) ": " status ": " reason
                       (when (and hint (not (string-search hint reason))) (concat "  " hint)))))
    (if (equal status "cancelled") (imagewire--say "%s" text) (imagewire--say-error text))))

(defun imagewire--make-way (work there length)
  "Move the places of works later than WORK from THERE by LENGTH.
Of several links at one point, the later command's comes behind."
  (dolist (later (seq-take-while (lambda (other) (not (eq other work))) imagewire--under-way))
    (let ((place (imagewire--work-place later)))
      (when (and (eq (overlay-buffer place) (current-buffer)) (= (overlay-start place) there))
        (move-overlay place (+ there length) (+ there length))))))

(defun imagewire--land (work prediction)
  "Insert the links of PREDICTION in the place of WORK; nil where it is gone."
  (let* ((place (imagewire--work-place work))
         (buffer (overlay-buffer place))
         (prompt (imagewire--work-prompt work)))
    (when (and buffer (not (buffer-local-value 'buffer-read-only buffer)))
      (with-current-buffer buffer
        (let ((there (overlay-start place))
              (size (buffer-size)))
          (save-restriction
            (widen)
            (if (and (= (point) there) (not (imagewire--work-own-line work)))
                ;; Whoever has not moved goes on writing behind the link.
                (imagewire--insert prediction prompt)
              (save-excursion
                (goto-char there)
                (when (imagewire--work-own-line work)
                  (end-of-line)
                  (insert "\n"))
                (imagewire--insert prediction prompt))))
          (unless (imagewire--work-own-line work)
            (imagewire--make-way work there (- (buffer-size) size)))))
      t)))

(defun imagewire--complete (work prediction)
  "Finish WORK with its PREDICTION, which will not change any more."
  (let* ((prompt (imagewire--work-prompt work))
         (files (plist-get prediction :files))
         (path (and (> (length files) 0) (plist-get (aref files 0) :path))))
    (cond
     ((not (and path (equal (plist-get prediction :status) "completed")))
      (imagewire--finish work)
      (imagewire--explain prediction prompt))
     ;; Whatever forbids the change must not keep the picture from whoever paid for it.
     ((imagewire--guarded #'imagewire--land work prediction)
      (imagewire--finish work)
      (imagewire--say "%s: %s" (imagewire--short prompt 30) (abbreviate-file-name path)))
     (t
      (imagewire--finish work)
      (kill-new (let (buffer-file-name) (imagewire--links prediction prompt)))
      (imagewire--say "the buffer is gone or cannot be changed; C-y yanks the link to %s"
                      (abbreviate-file-name path))))))

(defvar imagewire--tokens 0 "How many waits there were.")

(defun imagewire--wait (work)
  "Wait until WORK is finished, however long that is; each wait ends in time."
  (let* ((token (format "emacs-%d" (cl-incf imagewire--tokens)))
         (forget (lambda () (setf (alist-get token imagewire--listeners nil t #'equal) nil))))
    (push (cons token (lambda (words) (imagewire--show work words))) imagewire--listeners)
    (condition-case problem
        (imagewire--call
         :result (list :id (imagewire--work-id work) :timeout_ms 50000 :workDoneToken token)
         (lambda (prediction)
           (funcall forget)
           (if (member (plist-get prediction :status) '("completed" "failed" "cancelled" "unknown"))
               (imagewire--complete work prediction)
             (imagewire--wait work)))
         (lambda (message)
           (funcall forget)
           (imagewire--fail work message)))
      (error
       ;; The process is gone, and cannot be started again.
       (funcall forget)
       (imagewire--fail work (concat (error-message-string problem) "  M-x imagewire-list will show the picture."))))))

(defun imagewire--cancel (work)
  "Cancel WORK."
  (cond
   ;; Chosen from a list, it may be over by now.
   ((not (memq work imagewire--under-way)))
   ((and (null (imagewire--work-id work)) (imagewire--withdraw (imagewire--work-call work)))
    (imagewire--finish work)
    (imagewire--say "%s: cancelled.  Nothing was sent" (imagewire--short (imagewire--work-prompt work) 30)))
   (t
    (setf (imagewire--work-cancelled work) t)
    (imagewire--show work "cancelling")
    ;; Without an id the reply to `submit' is still to come, and cancels.
    (when (imagewire--work-id work)
      (imagewire--guarded #'imagewire--call :cancel (list :id (imagewire--work-id work)) #'ignore)))))

(defun imagewire--leave ()
  "End the process, for Emacs ends; but first cancel what was given up.
What was not goes on, and `imagewire-list' finds it."
  (let ((end (+ (float-time) 2)))
    (condition-case nil
        (while (and (cl-some #'imagewire--work-cancelled imagewire--under-way) (< (float-time) end))
          (accept-process-output nil 0.05))
      (quit nil)))
  (imagewire-stop))

(add-hook 'kill-emacs-hook #'imagewire--leave)

(defun imagewire--submit (work)
  "Ask for the picture of WORK, for the current buffer."
  (let* ((prompt (imagewire--work-prompt work))
         (folder (imagewire--pictures-folder))
         (name (imagewire--name prompt)))
    (setf
     (imagewire--work-call work)
     (imagewire--call
      :submit
      `(:input (:prompt ,prompt ,@imagewire-input) :tags ["emacs"]
               ,@(when folder (list :output_dir folder))
               ,@(when (and folder name) (list :output_name name)))
      (lambda (prediction)
        (setf (imagewire--work-id work) (plist-get prediction :id))
        (when (imagewire--work-cancelled work) (imagewire--cancel work))
        (imagewire--wait work))
      (lambda (message) (imagewire--fail work message))))))

;;;; Commands

;;;###autoload
(defun imagewire-generate (prompt &optional end)
  "Make a picture of PROMPT and insert a link to it at point.
With an active region the prompt is its text, and the link gets a
line of its own below it; with a prefix argument too, words are
asked for that go before the text.  From Lisp, END is the position
below whose line the link goes.

Return at once: the link lands where the command was given,
wherever that text is by then."
  (interactive
   (progn
     (barf-if-buffer-read-only)
     (if (use-region-p)
         (list (concat (when current-prefix-arg (concat (read-string "Picture of (words before the region): ") "\n"))
                       (buffer-substring-no-properties (region-beginning) (region-end)))
               (region-end))
       (list (read-string "Picture of: ")))))
  (barf-if-buffer-read-only)
  (setq prompt (string-trim prompt))
  (when (string-empty-p prompt) (user-error "The prompt is empty"))
  (when (cl-some (lambda (character) (> character #x10FFFF)) (string-to-multibyte prompt))
    (user-error "There are bytes in the prompt that are no text.  Nothing was sent"))
  (let* ((there (if end (save-excursion (goto-char end) (if (and (bolp) (> end (point-min))) (1- end) end))
                  (point)))
         (work (imagewire--work :prompt prompt :place (make-overlay there there) :own-line (and end t))))
    (push work imagewire--under-way)
    (add-to-list 'mode-line-misc-info '(imagewire--under-way (" [" (:eval (imagewire-status)) "] ")))
    (deactivate-mark)
    (imagewire--show work "created")
    ;; Also where it is quit, while a key is asked for or a long prompt is sent.
    (unwind-protect (imagewire--submit work)
      (unless (imagewire--work-call work) (imagewire--finish work)))
    nil))

;;;###autoload
(defun imagewire-cancel (&optional all)
  "Cancel the picture under way, or one that is chosen; with ALL, every one.
A message says whether it may cost something anyway."
  (interactive "P")
  (cond ((null imagewire--under-way) (imagewire--say "nothing is under way"))
        ((or all (null (cdr imagewire--under-way)))
         (mapc #'imagewire--cancel (copy-sequence imagewire--under-way)))
        (t
         (let* ((choices (cl-loop for work in (reverse imagewire--under-way)
                                  for number from 1
                                  collect (cons (format "%d %s" number
                                                        (imagewire--short (imagewire--work-prompt work) 60))
                                                work)))
                (choice (completing-read "Cancel which picture? " choices nil t)))
           (when-let ((work (cdr (assoc choice choices)))) (imagewire--cancel work))))))

;;;; The list

(defvar-local imagewire-list--text nil "The words that listed prompts have, or nil.")
(defvar-local imagewire-list--origin nil "The buffer from which the list was opened.")

(defvar imagewire-list-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'imagewire-list-open)
    (define-key map "i" #'imagewire-list-insert)
    (define-key map "x" #'imagewire-list-cancel)
    map)
  "Keys of `imagewire-list-mode'.")

(define-derived-mode imagewire-list-mode tabulated-list-mode "Imagewire"
  "Pictures, newest first.
\\<imagewire-list-mode-map>\\[imagewire-list-open] opens one, \
\\[imagewire-list-insert] inserts its link where the list was opened,
\\[imagewire-list-cancel] cancels one that is under way, \
\\[revert-buffer] refreshes the list."
  (setq tabulated-list-format [("Status" 10 t) ("Created" 16 t) ("Provider" 9 t) ("Prompt" 0 nil)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function (lambda (&rest _) (imagewire-list--refresh)))
  (tabulated-list-init-header))

(defun imagewire--prompt-of (prediction)
  "Return the prompt of PREDICTION."
  (or (plist-get (plist-get prediction :input) :prompt) "(a long prompt)"))

(defun imagewire-list--fill (buffer predictions)
  "Show PREDICTIONS in BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq tabulated-list-entries
            (mapcar (lambda (prediction)
                      (list prediction
                            (vector (plist-get prediction :status)
                                    (format-time-string "%F %R" (date-to-time
                                                                 (plist-get prediction :created_at)))
                                    (plist-get prediction :provider)
                                    (imagewire--short (imagewire--prompt-of prediction) 200))))
                    predictions))
      (tabulated-list-print t)
      (when (null predictions) (imagewire--say "there is no such picture yet")))))

(defun imagewire-list--refresh ()
  "Ask for the newest pictures, then for each of them.
A page of the list comes without the prompt of each."
  (let ((buffer (current-buffer)))
    (imagewire--call
     :list `(:limit 50 ,@(when imagewire-list--text (list :text imagewire-list--text)))
     (lambda (page)
       (let* ((shown (plist-get page :predictions))
              (left (length shown)))
         (if (= left 0)
             (imagewire-list--fill buffer nil)
           (dotimes (index left)
             (let* ((prediction (aref shown index))
                    (arrived (lambda (whole)
                               (aset shown index whole)
                               (when (= (cl-decf left) 0)
                                 (imagewire-list--fill buffer (append shown nil))))))
               (imagewire--call :status (list :id (plist-get prediction :id))
                                arrived
                                (lambda (_message) (funcall arrived prediction)))))))))))

;;;###autoload
(defun imagewire-list (&optional text)
  "List the newest 50 pictures of all editors.
With a prefix argument ask for TEXT, and list those whose prompt has it."
  (interactive (list (when current-prefix-arg (read-string "Pictures whose prompt has: "))))
  (let ((origin (current-buffer)))
    (with-current-buffer (get-buffer-create "*imagewire*")
      (unless (derived-mode-p 'imagewire-list-mode) (imagewire-list-mode))
      (unless (eq origin (current-buffer)) (setq imagewire-list--origin origin))
      (setq imagewire-list--text (unless (equal text "") text))
      (imagewire-list--refresh)
      (pop-to-buffer (current-buffer)))))

(defun imagewire-list--with-chosen (action)
  "Call ACTION with the prediction at point as it is by now.
A download that failed is tried again."
  (let ((chosen (or (tabulated-list-get-id) (user-error "There is no picture on this line"))))
    (imagewire--call
     :result (list :id (plist-get chosen :id) :timeout_ms 0)
     (lambda (prediction)
       (cond ((> (length (plist-get prediction :files)) 0) (funcall action prediction))
             ((member (plist-get prediction :status) '("created" "processing"))
              (imagewire--say "this one is not finished: %s" (plist-get prediction :status)))
             (t (imagewire--explain prediction (imagewire--prompt-of chosen))))))))

(defun imagewire-list-open ()
  "Open the picture on this line."
  (interactive nil imagewire-list-mode)
  (imagewire-list--with-chosen
   (lambda (prediction)
     (let ((path (plist-get (aref (plist-get prediction :files) 0) :path)))
       (if (display-images-p)
           (find-file-other-window path)
         (imagewire--say "this display shows no pictures: %s" (abbreviate-file-name path)))))))

(defun imagewire-list-insert ()
  "Insert a link to the picture on this line where the list was opened."
  (interactive nil imagewire-list-mode)
  (let ((origin imagewire-list--origin)
        (gone "The buffer from which the list was opened is gone")
        (prompt (imagewire--prompt-of (or (tabulated-list-get-id) (user-error "There is no picture on this line")))))
    (unless (buffer-live-p origin) (user-error gone))
    (with-current-buffer origin (barf-if-buffer-read-only))
    (imagewire-list--with-chosen
     (lambda (prediction)
       (if (not (buffer-live-p origin))
           (imagewire--say-error gone)
         (with-current-buffer origin
           (if-let ((window (get-buffer-window origin)))
               (with-selected-window window (imagewire--insert prediction prompt))
             (imagewire--insert prediction prompt)))
         (imagewire--say "inserted in %s" (buffer-name origin)))))))

(defun imagewire-list-cancel ()
  "Cancel the picture on this line."
  (interactive nil imagewire-list-mode)
  (let ((chosen (or (tabulated-list-get-id) (user-error "There is no picture on this line")))
        (buffer (current-buffer)))
    (imagewire--call :cancel (list :id (plist-get chosen :id))
                     (lambda (_prediction)
                       (when (buffer-live-p buffer)
                         (with-current-buffer buffer (imagewire-list--refresh)))))))

(provide 'imagewire)
;;; imagewire.el ends here
