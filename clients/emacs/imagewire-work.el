;;; imagewire-work.el --- Images in progress  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; An image from its command to its link: it is submitted, waited for, shown on the way, cancelled, and inserted.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-image-mode)
(require 'imagewire-message)
(require 'imagewire-place)
(require 'imagewire-process)
(require 'imagewire-progress)
(require 'imagewire-settings)

(cl-defstruct (imagewire--work (:constructor imagewire--work) (:copier nil))
  "An image in progress, from its command to its link.
PLACE is where its link goes, in FORMAT; FOLDER is where its files
go; ETA is when it is expected, in milliseconds, or nil; PREVIEW is the file
of a partial image, or nil; CALL is its submit."
  prompt place format folder (status "created") eta preview id call cancelled)

(declare-function image-flush "image.c" (spec &optional frame))

(defvar imagewire--in-progress nil
  "Images in progress in this Emacs, newest first.")

(defun imagewire-status ()
  "Return the images in progress, in a few words; nil if there are none."
  (cond ((cdr imagewire--in-progress)
         (imagewire--progress-several (mapcar #'imagewire--work-eta imagewire--in-progress)))
        (imagewire--in-progress
         (format "imagewire: %s" (imagewire--work-status (car imagewire--in-progress))))))

(defun imagewire--mode-line ()
  "Return `imagewire-status' for the mode line, where % begins a construct."
  (string-replace "%" "%%" (or (imagewire-status) "")))

(defun imagewire--show (work words)
  "Show WORDS where the link of WORK is to appear, and in the mode line."
  (setf (imagewire--work-status work) words)
  (let ((place (imagewire--work-place work)))
    (when (overlay-buffer place)
      (overlay-put place 'after-string
                   (concat (propertize (format " [%s: %s]" (imagewire--short (imagewire--work-prompt work) 30) words)
                                       'face 'imagewire-progress)
                           (when-let ((image (and (imagewire--work-preview work)
                                                  (ignore-errors (imagewire--image (imagewire--work-preview work))))))
                             (concat "\n" (propertize " " 'display image) "\n"))))))
  (force-mode-line-update t))

(defun imagewire--show-preview (work)
  "Show the partial image of WORK, where the display can."
  (when (display-images-p)
    (imagewire--call :status (list :id (imagewire--work-id work))
                     (lambda (prediction)
                       (when-let ((path (plist-get (plist-get prediction :preview) :path)))
                         ;; The file is replaced by each newer one.
                         (ignore-errors (image-flush (create-image path)))
                         (setf (imagewire--work-preview work) path)
                         (when (memq work imagewire--in-progress)
                           (imagewire--show work (imagewire--work-status work)))))
                     #'ignore)))

(defun imagewire--finish (work)
  "Forget WORK."
  (setq imagewire--in-progress (delq work imagewire--in-progress))
  (delete-overlay (imagewire--work-place work))
  (force-mode-line-update t))

(defun imagewire--fail (work message)
  "Report with MESSAGE why WORK made no image."
  (imagewire--finish work)
  (imagewire--report message))

(defun imagewire--place-links (work prediction)
  "Insert the links of PREDICTION where WORK has its place.
Return the path of the first file as the buffer has it, `unsafe'
if no link would be safe, or nil if the buffer is closed or cannot
be changed."
  (when-let* ((place (imagewire--work-place work))
              (buffer (overlay-buffer place)))
    (with-current-buffer buffer
      (unless buffer-read-only
        (let* ((later (mapcar #'imagewire--work-place
                              (seq-take-while (lambda (other) (not (eq other work))) imagewire--in-progress)))
               (range (imagewire--land place later prediction (imagewire--work-prompt work)
                                       (imagewire--work-folder work))))
          (if (null range) 'unsafe
            ;; An image that cannot be shown is there all the same.
            (imagewire--guarded #'imagewire--show-inserted (car range) (cdr range))
            (imagewire--path-to (plist-get (aref (plist-get prediction :files) 0) :path)
                                (imagewire--work-folder work))))))))

(defun imagewire--complete (work prediction)
  "Finish WORK with its PREDICTION, which will not change any more."
  (let* ((prompt (imagewire--work-prompt work))
         (files (plist-get prediction :files))
         (path (and (> (length files) 0) (plist-get (aref files 0) :path))))
    (if (not (and path (equal (plist-get prediction :status) "completed")))
        (progn
          (imagewire--finish work)
          (imagewire--explain prediction prompt))
      ;; A buffer that refuses the change must not hide the image, which was paid for.
      (let ((placed (imagewire--guarded #'imagewire--place-links work prediction)))
        (imagewire--finish work)
        (pcase placed
          ('unsafe (imagewire--refuse path))
          ('nil
           (kill-new (or (with-temp-buffer
                           (setq imagewire--fixed-format (imagewire--work-format work))
                           (imagewire--links prediction prompt))
                         path))
           (imagewire--say "the buffer was closed or cannot be changed; C-y yanks the link to %s"
                           (abbreviate-file-name path)))
          (_ (imagewire--say "%s: %s" (imagewire--short prompt 30) placed)))))))

(defvar imagewire--tokens 0 "How many waits there were.")

(defun imagewire--heard (work report)
  "Show REPORT, the value of one, for WORK."
  (unless (imagewire--work-cancelled work)
    (setf (imagewire--work-eta work) (plist-get report :eta_ms))
    (when (string-search "preview" (or (plist-get report :message) "")) (imagewire--show-preview work))
    (imagewire--show work (imagewire--progress-words report))))

(defun imagewire--wait (work)
  "Wait until WORK is finished, without a limit, 50 s at a time."
  (let* ((token (format "emacs-%d" (cl-incf imagewire--tokens)))
         (forget (lambda () (setf (alist-get token imagewire--listeners nil t #'equal) nil))))
    (push (cons token (lambda (report) (imagewire--heard work report))) imagewire--listeners)
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
       ;; The process has ended and cannot be started again.
       (funcall forget)
       (imagewire--fail work (concat (error-message-string problem) "  M-x imagewire-list will show the image."))))))

(defun imagewire--cancel (work)
  "Cancel WORK."
  (cond
   ;; Chosen from a list; it may be finished by now.
   ((not (memq work imagewire--in-progress)))
   ((and (null (imagewire--work-id work)) (imagewire--withdraw (imagewire--work-call work)))
    (imagewire--finish work)
    (imagewire--say "%s: cancelled before it was sent.  Nothing was spent."
                    (imagewire--short (imagewire--work-prompt work) 30)))
   (t
    (setf (imagewire--work-cancelled work) t
          (imagewire--work-eta work) nil)
    (imagewire--show work "cancelling")
    ;; Without an id the reply to `submit' is still to come, and cancels.
    (when (imagewire--work-id work)
      (imagewire--guarded #'imagewire--call :cancel (list :id (imagewire--work-id work)) #'ignore)))))

(defun imagewire--leave ()
  "End the process before Emacs ends, after its cancellations.
What was not sent is not sent any more.  Other predictions go on,
and `imagewire-list' shows them."
  (dolist (work (copy-sequence imagewire--in-progress))
    (unless (imagewire--work-id work)
      (when (imagewire--withdraw (imagewire--work-call work)) (imagewire--finish work))))
  (let ((end (+ (float-time) 2)))
    (condition-case nil
        (while (and (cl-some #'imagewire--work-cancelled imagewire--in-progress) (< (float-time) end))
          (accept-process-output nil 0.05))
      (quit nil)))
  (imagewire-stop))

(add-hook 'kill-emacs-hook #'imagewire--leave)

(defun imagewire--submit (work params)
  "Submit WORK with PARAMS, for the current buffer."
  (let ((folder (imagewire--work-folder work))
        (name (imagewire--name (imagewire--work-prompt work))))
    (setf
     (imagewire--work-call work)
     (imagewire--call
      :submit
      (append params
              (when folder (list :output_dir folder))
              (when (and folder name) (list :output_name name)))
      (lambda (prediction)
        (setf (imagewire--work-id work) (plist-get prediction :id))
        (when (imagewire--work-cancelled work) (imagewire--cancel work))
        (imagewire--wait work))
      (lambda (message) (imagewire--fail work message))))))

(defun imagewire--checked-prompt (prompt)
  "Return PROMPT without space around it, or signal a `user-error'."
  (setq prompt (string-trim prompt))
  (cond ((string-empty-p prompt) (user-error "The prompt is empty"))
        ((cl-some (lambda (character) (> character #x10FFFF)) (string-to-multibyte prompt))
         (user-error "The prompt contains bytes that are not text.  Nothing was sent"))
        (t prompt)))

(defun imagewire--check-link (prompt)
  "Signal a `user-error' if an image of PROMPT would be of no use here.
It could not be written, or not be linked from this buffer."
  (when-let ((folder (imagewire--image-folder)))
    (imagewire--check-folder folder)
    (unless (imagewire--linkable-p
             (imagewire--path-to (expand-file-name (concat (or (imagewire--name prompt) "image") ".png") folder)))
      (user-error "A link into `imagewire-folder' would not be safe in this mode.  Nothing was sent"))))

(defun imagewire--begin (prompt place params)
  "Make an image of PROMPT with PARAMS of the method submit.
Its link will be at PLACE, which is in the current buffer."
  (let ((work (imagewire--work :prompt prompt :place place :format (imagewire--format)
                               :folder (imagewire--image-folder))))
    (push work imagewire--in-progress)
    (add-to-list 'mode-line-misc-info '(imagewire--in-progress (" [" (:eval (imagewire--mode-line)) "] ")))
    (imagewire--show work "created")
    ;; Also where it is quit, while a key is asked for.
    (unwind-protect (imagewire--submit work params)
      (unless (imagewire--work-call work) (imagewire--finish work)))
    nil))

(provide 'imagewire-work)
;;; imagewire-work.el ends here
