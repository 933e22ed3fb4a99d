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
         (setq imagewire--in-progress nil)
         (imagewire-stop)
         (delete-directory folder t)))))

(defun imagewire-tests--image-p (path)
  "Whether there is a PNG at PATH."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally path nil 0 8)
    (equal (buffer-string) "\211PNG\r\n\032\n")))

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

(provide 'imagewire-tests-lib)
;;; imagewire-tests-lib.el ends here
