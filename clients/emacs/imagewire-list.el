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
(require 'imagewire-link)
(require 'imagewire-message)
(require 'imagewire-process)

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
  "Images, newest first.
\\<imagewire-list-mode-map>\\[imagewire-list-open] opens one, \
\\[imagewire-list-insert] inserts its link where the list was opened,
\\[imagewire-list-cancel] cancels one in progress, \
\\[revert-buffer] refreshes the list."
  (setq tabulated-list-format [("Status" 10 t) ("Created" 16 t) ("Kind" 8 t) ("Provider" 9 t) ("Prompt" 0 nil)]
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
                                    (imagewire--kinds prediction)
                                    (plist-get prediction :provider)
                                    (imagewire--short (imagewire--prompt-of prediction) 200))))
                    predictions))
      (tabulated-list-print t)
      (when (null predictions) (imagewire--say "no images found")))))

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

(defun imagewire-list--with-chosen (action)
  "Call ACTION with the prediction at point as it is by now.
A download that failed is tried again."
  (let ((chosen (or (tabulated-list-get-id) (user-error "No image on this line"))))
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

(defun imagewire-list-insert ()
  "Insert a link to the image on this line where the list was opened."
  (interactive nil imagewire-list-mode)
  (let ((origin imagewire-list--origin)
        (gone "The buffer from which the list was opened was killed")
        (prompt (imagewire--prompt-of (or (tabulated-list-get-id) (user-error "No image on this line")))))
    (unless (buffer-live-p origin) (user-error gone))
    (with-current-buffer origin (barf-if-buffer-read-only))
    (imagewire-list--with-chosen
     (lambda (prediction)
       (if (not (buffer-live-p origin))
           (imagewire--say-error gone)
         (with-current-buffer origin
           (if (if-let ((window (get-buffer-window origin)))
                   (with-selected-window window (imagewire--insert prediction prompt))
                 (imagewire--insert prediction prompt))
               (imagewire--say "inserted in %s" (buffer-name origin))
             (imagewire--refuse (plist-get (aref (plist-get prediction :files) 0) :path)))))))))

(defun imagewire-list-cancel ()
  "Cancel the image on this line."
  (interactive nil imagewire-list-mode)
  (let ((chosen (or (tabulated-list-get-id) (user-error "No image on this line")))
        (buffer (current-buffer)))
    (imagewire--call :cancel (list :id (plist-get chosen :id))
                     (lambda (_prediction)
                       (when (buffer-live-p buffer)
                         (with-current-buffer buffer (imagewire-list--refresh)))))))

(provide 'imagewire-list)
;;; imagewire-list.el ends here
