;;; imagewire-list.el --- The list of predictions  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The mode of the buffer that M-x imagewire-list shows, and its commands.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'tabulated-list)
(require 'imagewire-ask)
(require 'imagewire-change)
(require 'imagewire-earlier)
(require 'imagewire-format)
(require 'imagewire-message)
(require 'imagewire-process)

(defvar-local imagewire-list--text nil "The words that listed prompts have, or nil.")
(defvar-local imagewire-list--origin nil "The buffer from which the list was opened.")
(defvar-local imagewire-list--thumbnails nil "Hash table of a prediction's id to its small image.")

(defvar imagewire-list-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'imagewire-list-open)
    (define-key map "i" #'imagewire-list-insert)
    (define-key map "w" #'imagewire-list-copy-prompt)
    (define-key map "c" #'imagewire-list-change)
    (define-key map "x" #'imagewire-list-cancel)
    (define-key map "d" #'imagewire-list-delete)
    (define-key map "s" #'imagewire-list)
    map)
  "Keys of `imagewire-list-mode'.")

(define-derived-mode imagewire-list-mode tabulated-list-mode "Imagewire"
  "Images, newest first.
\\<imagewire-list-mode-map>\\[imagewire-list-open] opens one, \
\\[imagewire-list-insert] inserts its link where the list was opened,
\\[imagewire-list-copy-prompt] copies its prompt, \
\\[imagewire-list-change] changes it, \\[imagewire-list-cancel] cancels one in progress,
\\[imagewire-list-delete] deletes one, \\[imagewire-list] searches, \
\\[revert-buffer] refreshes the list."
  (setq tabulated-list-format (vector (list (if (display-images-p) "Image" "") (if (display-images-p) 7 0) nil)
                                      '("Status" 10 t) '("Age" 7 imagewire-list--older-p) '("Cost" 6 nil)
                                      '("Kind" 8 t) '("Prompt" 0 nil))
        tabulated-list-padding 0
        imagewire-list--thumbnails (make-hash-table :test #'equal))
  (setq-local revert-buffer-function (lambda (&rest _) (imagewire-list--refresh)))
  (tabulated-list-init-header))

(defun imagewire-list--older-p (one other)
  "Whether the entry ONE was made before OTHER."
  (string< (plist-get (car one) :created_at) (plist-get (car other) :created_at)))

(defun imagewire--prompt-of (prediction)
  "Return the prompt of PREDICTION."
  (or (plist-get (plist-get prediction :input) :prompt) "(a long prompt)"))

(defun imagewire--cost-in-words (prediction)
  "Return what PREDICTION cost, in a few letters."
  (let* ((cost (plist-get prediction :cost))
         (amount (plist-get cost :amount)))
    (cond ((equal (plist-get cost :source) "none") "free")
          ((null amount) "?")
          (t (concat (when (equal (plist-get cost :source) "estimated") "~") (imagewire--dollars amount))))))

(defun imagewire-list--entry (prediction)
  "Return the line of PREDICTION."
  (let ((thumbnail (gethash (plist-get prediction :id) imagewire-list--thumbnails)))
    (list prediction
          (vector (if thumbnail (propertize " " 'display thumbnail) "")
                  (plist-get prediction :status)
                  (imagewire--age (plist-get prediction :created_at))
                  (imagewire--cost-in-words prediction)
                  (imagewire--kinds prediction)
                  (imagewire--one-line (imagewire--short (imagewire--prompt-of prediction) 200))))))

(defun imagewire-list--fill (buffer predictions)
  "Show PREDICTIONS in BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq tabulated-list-entries (mapcar #'imagewire-list--entry predictions))
      (tabulated-list-print t)
      (if (null predictions) (imagewire--say "no images found")
        (imagewire-list--fetch-thumbnails predictions)))))

(defun imagewire-list--fetch-thumbnails (predictions)
  "Ask for the small images of PREDICTIONS that are not there yet.
Do so only where the display can show them."
  (when (display-images-p)
    (let* ((buffer (current-buffer))
           (wanted (seq-filter (lambda (prediction)
                                 (and (not (gethash (plist-get prediction :id) imagewire-list--thumbnails))
                                      (cl-some (lambda (file) (equal (plist-get file :kind) "image"))
                                               (plist-get prediction :files))))
                               predictions))
           (left (length wanted))
           (done (lambda ()
                   (when (and (= 0 (cl-decf left)) (buffer-live-p buffer))
                     (with-current-buffer buffer
                       (setq tabulated-list-entries (mapcar #'imagewire-list--entry predictions))
                       (tabulated-list-print t))))))
      (dolist (prediction wanted)
        (imagewire--call
         :thumbnail (list :id (plist-get prediction :id) :size 64)
         (lambda (small)
           (when (buffer-live-p buffer)
             (with-current-buffer buffer
               (puthash (plist-get prediction :id)
                        (ignore-errors (create-image (plist-get small :path) nil nil :max-height 40 :max-width 48))
                        imagewire-list--thumbnails)))
           (funcall done))
         (lambda (_message) (funcall done)))))))

(defun imagewire-list--refresh ()
  "Ask for the newest images, then for each of them.
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

(defun imagewire-list--chosen ()
  "Return the prediction on this line."
  (or (tabulated-list-get-id) (user-error "No image on this line")))

(defun imagewire-list--with-chosen (action)
  "Call ACTION with the prediction at point as it is by now.
A download that failed is tried again."
  (let ((chosen (imagewire-list--chosen)))
    (imagewire--call
     :result (list :id (plist-get chosen :id) :timeout_ms 0)
     (lambda (prediction)
       (cond ((> (length (plist-get prediction :files)) 0) (funcall action prediction))
             ((member (plist-get prediction :status) '("created" "processing"))
              (imagewire--say "this one is not finished: %s" (plist-get prediction :status)))
             (t (imagewire--explain prediction (imagewire--prompt-of chosen))))))))

(defun imagewire-list-open ()
  "Open the file on this line: images and texts in Emacs, the rest in its program."
  (interactive nil imagewire-list-mode)
  (imagewire-list--with-chosen
   (lambda (prediction)
     (let* ((file (aref (plist-get prediction :files) 0))
            (path (plist-get file :path))
            (kind (or (plist-get file :kind) "image"))
            (opener (if (eq system-type 'darwin) "open" "xdg-open")))
       (cond ((member kind '("text" "json"))
              ;; Somebody else's words set no variables here.
              (let ((enable-local-variables nil)) (find-file-other-window path)))
             ((not (imagewire--openable-p file))
              (imagewire--say "not opened, because it is %s and may contain scripts or programs: %s"
                              (plist-get file :media_type) (abbreviate-file-name path)))
             ((equal kind "image")
              (if (display-images-p)
                  (find-file-other-window path)
                (imagewire--say "this display shows no images: %s" (abbreviate-file-name path))))
             ((and (display-graphic-p) (executable-find opener)) (call-process opener nil 0 nil path))
             (t (imagewire--say "%s: %s" kind (abbreviate-file-name path))))))))

(defun imagewire-list--document ()
  "Return the buffer from which the list was opened, which can be changed."
  (let ((origin imagewire-list--origin))
    (unless (buffer-live-p origin) (user-error "The buffer from which the list was opened was killed"))
    (with-current-buffer origin (barf-if-buffer-read-only))
    origin))

(defun imagewire-list-insert ()
  "Insert a link to the image on this line where the list was opened."
  (interactive nil imagewire-list-mode)
  (let ((origin (imagewire-list--document))
        (prompt (plist-get (imagewire-list--chosen) :input)))
    (imagewire-list--with-chosen
     (lambda (prediction)
       (if (not (buffer-live-p origin))
           (imagewire--warn "the buffer from which the list was opened was killed")
         (let ((insert (lambda ()
                         (imagewire--insert-earlier (plist-put (copy-sequence prediction) :input prompt)
                                                    (imagewire--place-here))))
               (window (get-buffer-window origin)))
           (if window (with-selected-window window (funcall insert))
             (with-current-buffer origin (funcall insert)))))))))

(defun imagewire-list-copy-prompt ()
  "Copy the whole prompt of the image on this line."
  (interactive nil imagewire-list-mode)
  (imagewire--call :status (list :id (plist-get (imagewire-list--chosen) :id) :full t)
                   (lambda (prediction)
                     (kill-new (imagewire--prompt-of prediction))
                     (imagewire--say "C-y yanks the prompt: %s" (imagewire--short (imagewire--prompt-of prediction) 40)))))

(defun imagewire-list-change (prompt)
  "Change the image on this line by PROMPT.
The link to the new one goes where the list was opened."
  (interactive (progn
                 (imagewire-list--document)
                 (imagewire-list--chosen)
                 (list (read-string "Change the image: ")))
               imagewire-list-mode)
  (let* ((origin (imagewire-list--document))
         (chosen (imagewire-list--chosen))
         (file (cl-find-if (lambda (file) (member (plist-get file :kind) '(nil "image"))) (plist-get chosen :files)))
         (path (plist-get file :path)))
    (unless (and path (file-readable-p path)) (user-error "There is no image file on this line.  Nothing was sent"))
    (with-current-buffer origin
      (let ((prompt (imagewire--checked-prompt prompt)))
        (imagewire--check-link prompt)
        (imagewire--change path prompt chosen #'imagewire--place-here)))))

(defun imagewire-list--then-refresh (method params succeeded)
  "Call METHOD with PARAMS and SUCCEEDED with its result, then refresh this list."
  (let ((buffer (current-buffer)))
    (imagewire--call method params
                     (lambda (result)
                       (funcall succeeded result)
                       (when (buffer-live-p buffer)
                         (with-current-buffer buffer (imagewire-list--refresh)))))))

(defun imagewire-list-cancel ()
  "Cancel the image on this line.
A message says whether it may cost something anyway."
  (interactive nil imagewire-list-mode)
  (let ((chosen (imagewire-list--chosen)))
    (imagewire-list--then-refresh
     :cancel (list :id (plist-get chosen :id))
     (lambda (prediction)
       (when (plist-get prediction :failure) (imagewire--explain prediction (imagewire--prompt-of chosen)))))))

(defun imagewire-list-delete (&optional files)
  "Delete the prediction on this line, after a question.
With a prefix argument delete its FILES too."
  (interactive "P" imagewire-list-mode)
  (let ((chosen (imagewire-list--chosen)))
    (if (y-or-n-p (format "Delete \"%s\"%s? " (imagewire--short (imagewire--prompt-of chosen) 40)
                          (if files " and its files" "; its files stay")))
        (imagewire-list--then-refresh :delete (list :ids (vector (plist-get chosen :id)) :files (if files t :json-false))
                                      #'ignore)
      (imagewire--say "nothing was deleted"))))

;;;###autoload
(defun imagewire-list (&optional text)
  "List the newest 50 images of all editors.
With a prefix argument, or in the list, ask for TEXT, and list
images whose prompt has it."
  (interactive (list (when (or current-prefix-arg (derived-mode-p 'imagewire-list-mode))
                       (read-string "Images whose prompt has: "))))
  (let ((origin (current-buffer)))
    (with-current-buffer (get-buffer-create "*imagewire*")
      (unless (derived-mode-p 'imagewire-list-mode) (imagewire-list-mode))
      (unless (eq origin (current-buffer)) (setq imagewire-list--origin origin))
      (setq imagewire-list--text (unless (equal text "") text))
      (imagewire-list--refresh)
      (pop-to-buffer (current-buffer)))))

(provide 'imagewire-list)
;;; imagewire-list.el ends here
