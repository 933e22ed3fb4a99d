;;; imagewire-tests-lib.el --- What the tests share  -*- lexical-binding: t; -*-

;;; Commentary:

;; A document of their own for each, waiting with a generous limit, and another Emacs.

;;; Code:

(require 'cl-lib)
(require 'imagewire)

(defconst imagewire-tests--folder (file-name-directory (or load-file-name buffer-file-name)))

(defvar imagewire-tests--said nil "Messages of a test, newest first.")

(defun imagewire-tests--wait (what condition)
  "Wait for CONDITION, which is called WHAT."
  (let ((end (+ (float-time) 20)))
    (while (not (funcall condition))
      (when (> (float-time) end)
        (error "Waited in vain for %s; status %S; messages %S" what (imagewire-status) imagewire-tests--said))
      (accept-process-output nil 0.01))))

(defun imagewire-tests--idle ()
  "Wait until no image is in progress."
  (imagewire-tests--wait "no image in progress" (lambda () (null (imagewire-status)))))

(defun imagewire-tests--message (part)
  "Wait for a message that has PART, and return it."
  (let (found)
    (imagewire-tests--wait
     (format "a message with %S" part)
     (lambda () (setq found (seq-find (lambda (text) (string-search part text)) imagewire-tests--said))))
    found))

(defmacro imagewire-tests--with (bindings &rest body)
  "Run BODY in a new file note.md of a new folder, with BINDINGS over the defaults."
  (declare (indent 1))
  `(let* ((folder (make-temp-file "imagewire" t))
          (imagewire-command (list (getenv "IMAGEWIRE")))
          ;; Small images are drawn soon.
          (imagewire-input '(:size "64x64"))
          (imagewire-tests--said nil)
          ,@bindings)
     (cl-letf (((symbol-function 'message)
                (lambda (format &rest arguments)
                  (when format (push (substring-no-properties (apply #'format-message format arguments))
                                     imagewire-tests--said)))))
       (unwind-protect
           (with-current-buffer (find-file-noselect (expand-file-name "note.md" folder))
             (set-window-buffer nil (current-buffer))
             (unwind-protect (progn ,@body)
               (set-buffer-modified-p nil)
               (kill-buffer)))
         (setq imagewire--in-progress nil
               imagewire--chosen-model nil
               imagewire--chosen-input nil)
         (imagewire-stop)
         (delete-directory folder t)))))

(defvar imagewire-tests--asked nil "Questions of a test, newest first.")

(defmacro imagewire-tests--answering (answers &rest body)
  "Run BODY, with ANSWERS to its questions in their order.
An answer is a text, or t or nil for yes or no.  Every answer must
be asked for.  A choice is checked to be among its candidates, and
`imagewire-tests--asked' has each as the user sees it."
  (declare (indent 1))
  `(let ((answers ,answers))
     (setq imagewire-tests--asked nil)
     (cl-flet ((answer (question)
                 (push question imagewire-tests--asked)
                 (unless answers (error "Nobody expected the question %S" question))
                 (pop answers)))
       (cl-letf (((symbol-function 'discard-input) #'ignore)
                 ((symbol-function 'y-or-n-p) #'answer)
                 ((symbol-function 'read-string) (lambda (question &rest _) (answer question)))
                 ((symbol-function 'completing-read)
                  (lambda (question table &rest _)
                    (let* ((texts (all-completions "" table))
                           (affix (cdr (assq 'affixation-function (cdr (funcall table "" nil 'metadata)))))
                           (chosen (answer (cons question (mapcar (lambda (shown) (apply #'concat (nth 1 shown) (car shown)
                                                                                         (cddr shown)))
                                                                  (funcall affix texts))))))
                      (unless (member chosen texts) (error "%S is not among %S" chosen texts))
                      chosen))))
         (prog1 (progn ,@body)
           (when answers (error "Nobody asked for %S" answers)))))))

(defun imagewire-tests--image-p (path)
  "Whether there is a PNG at PATH."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally path nil 0 8)
    (equal (buffer-string) "\211PNG\r\n\032\n")))

(defmacro imagewire-tests--with-provider (script &rest body)
  "Run BODY with a WaveSpeed of this machine, which follows SCRIPT, as the provider."
  (declare (indent 1))
  `(let* ((buffer (generate-new-buffer "provider"))
          (server (make-process
                   :name "provider" :buffer buffer :noquery t :connection-type 'pipe
                   :command (list "python3" (expand-file-name "../../../Tests/Fixtures/wavespeed.py" imagewire-tests--folder)
                                  "--script" ,script)))
          (port (lambda () (with-current-buffer buffer
                             (goto-char (point-min))
                             (and (re-search-forward "\"port\": \\([0-9]+\\)" nil t) (match-string 1)))))
          (process-environment process-environment)
          (imagewire-configuration '((model . "openai/gpt-image-1-high-fidelity")
                                     (wavespeed_api_key . "wsk_SECRETsecret0123456789"))))
     (unwind-protect
         (progn
           (imagewire-tests--wait "the provider" port)
           (push (concat "WAVESPEED_BASE_URL=http://127.0.0.1:" (funcall port)) process-environment)
           ,@body)
       (delete-process server)
       (kill-buffer buffer))))

(defconst imagewire-tests--catalogue
  "{\"catalogue\": [
  {\"model_id\": \"openai/gpt-image-1-high-fidelity\", \"name\": \"openai/gpt-image-1-high-fidelity\", \"type\": \"text-to-image\", \"base_price\": 0.25},
  {\"model_id\": \"acme/painter\", \"name\": \"The Painter\", \"description\": \"Paints in\\noil\", \"type\": \"text-to-image\", \"base_price\": 0.05,
   \"api_schema\": {\"api_schemas\": [{\"type\": \"model_run\", \"method\": \"POST\", \"server\": \"\", \"api_path\": \"/api/v3/acme/painter\",
   \"request_schema\": {\"type\": \"object\", \"required\": [\"prompt\"], \"properties\": {\"prompt\": {\"type\": \"string\"},
   \"size\": {\"type\": \"string\", \"default\": \"1024*1024\", \"enum\": [\"1024*1024\", \"1024*1536\"]},
   \"seed\": {\"type\": \"integer\", \"minimum\": -1, \"maximum\": 100, \"description\": \"The same seed gives the same image\"},
   \"image\": {\"type\": \"string\"}, \"loud\": {\"type\": \"boolean\"}}}}]}}], \"usd\": 0.25}"
  "A script for the provider.")

(defun imagewire-tests--newest ()
  "Return the whole newest prediction."
  (let ((newest (aref (plist-get (imagewire--await :list '(:limit 1)) :predictions) 0)))
    (imagewire--await :status (list :id (plist-get newest :id) :full t))))

(defun imagewire-tests--count ()
  "Return how many predictions there are."
  (length (plist-get (imagewire--await :list '(:limit 500)) :predictions)))

(defun imagewire-tests--fixture (name)
  "Return the JSON of the fixture NAME, with objects as hash tables."
  (with-temp-buffer
    (insert-file-contents (expand-file-name (concat "../../../Tests/Fixtures/" name) imagewire-tests--folder))
    (json-parse-buffer)))

(defun imagewire-tests--second (&rest environment)
  "Start another Emacs with ENVIRONMENT; return a buffer with what it says."
  (let* ((buffer (generate-new-buffer "second"))
         (process-environment (append environment process-environment)))
    (make-process :name "second" :buffer buffer :noquery t :connection-type 'pipe
                  :command (list (expand-file-name invocation-name invocation-directory) "-Q" "--batch"
                                 "-L" (file-name-directory (locate-library "imagewire"))
                                 "-l" (expand-file-name "second.el" imagewire-tests--folder)))
    buffer))

(defun imagewire-tests--second-says (buffer)
  "Wait for the end of the Emacs whose words are in BUFFER, and return them."
  (imagewire-tests--wait "the second editor" (lambda () (not (process-live-p (get-buffer-process buffer)))))
  (accept-process-output nil 0.05)
  (with-current-buffer buffer (prog1 (buffer-string) (kill-buffer))))

(defun imagewire-tests--fake (then)
  "Return the command of a program that answers the first call, and runs THEN at every other."
  (list "sh" "-c" (concat "
reply() { printf '%s\\n' \"$1\"; }
known=
while IFS= read -r line; do
  if [ \"$known\" ]; then " then "; continue; fi
  reply '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"serverInfo\":{\"name\":\"imagewire\",\"version\":\"0.1.0\"}}}'
  known=1
done")))

(defun imagewire-tests--listed (text)
  "Return the status of each prediction whose prompt has TEXT."
  (let (page)
    (imagewire--call :list (list :text text) (lambda (result) (setq page result)))
    (imagewire-tests--wait "the list" (lambda () page))
    (mapcar (lambda (prediction) (plist-get prediction :status)) (plist-get page :predictions))))

(provide 'imagewire-tests-lib)
;;; imagewire-tests-lib.el ends here
