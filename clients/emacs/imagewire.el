;;; imagewire.el --- Images from words, as links in the text  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: multimedia, tools, hypermedia
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; `imagewire-generate' makes an image of a prompt, or of the region, and inserts a link to it where the command was
;; given: Org, LaTeX, HTML, Typst or Markdown, as the major mode wants.  You may go on writing meanwhile, here or elsewhere.
;; `imagewire-list' shows the newest images, `imagewire-cancel' cancels one in progress.
;;
;; The work is done by the program `imagewire', one process that is started when it is first needed and ends with
;; Emacs.  Without a key it draws with its sandbox: offline, free, good for trying.
;;
;; This file has the commands and the images in progress.  It uses imagewire-progress.el and imagewire-list.el, which uses
;; imagewire-process.el and imagewire-link.el, which use imagewire-escapes.el, imagewire-message.el and imagewire-settings.el.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-link)
(require 'imagewire-list)
(require 'imagewire-message)
(require 'imagewire-process)
(require 'imagewire-progress)
(require 'imagewire-settings)

;;;; Work in progress

(cl-defstruct (imagewire--work (:constructor imagewire--work) (:copier nil))
  "An image in progress, from its command to its link.
PLACE is an overlay of no width that keeps the place while the text
changes; OWN-LINE says that the link gets a new line there; ETA is
when it is expected, in milliseconds, or nil; CALL is its submit."
  prompt place own-line (status "created") eta id call cancelled)

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
                   (propertize (format " [%s: %s]" (imagewire--short (imagewire--work-prompt work) 30) words)
                               'face 'imagewire-progress))))
  (force-mode-line-update t))

(defun imagewire--finish (work)
  "Forget WORK."
  (setq imagewire--in-progress (delq work imagewire--in-progress))
  (delete-overlay (imagewire--work-place work))
  (force-mode-line-update t))

(defun imagewire--fail (work message)
  "Report with MESSAGE why WORK made no image."
  (imagewire--finish work)
  (imagewire--say-error message))

(defun imagewire--make-way (work there length)
  "Move the places of works later than WORK from THERE by LENGTH.
Of several links at one point, the later command's comes behind."
  (dolist (later (seq-take-while (lambda (other) (not (eq other work))) imagewire--in-progress))
    (let ((place (imagewire--work-place later)))
      (when (and (eq (overlay-buffer place) (current-buffer)) (= (overlay-start place) there))
        (move-overlay place (+ there length) (+ there length))))))

(defun imagewire--land (work prediction)
  "Insert the links of PREDICTION at the place of WORK; nil if it is deleted."
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
                ;; A user who has not moved continues to write behind the link.
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
     ((when-let ((buffer (overlay-buffer (imagewire--work-place work))))
        (with-current-buffer buffer (not (imagewire--linkable-p path))))
      (imagewire--finish work)
      (imagewire--refuse path))
     ;; A buffer that refuses the change must not hide the image, which was paid for.
     ((imagewire--guarded #'imagewire--land work prediction)
      (imagewire--finish work)
      (imagewire--say "%s: %s" (imagewire--short prompt 30) (abbreviate-file-name path)))
     (t
      (imagewire--finish work)
      (kill-new (or (let (buffer-file-name) (imagewire--links prediction prompt)) path))
      (imagewire--say "the buffer was closed or cannot be changed; C-y yanks the link to %s"
                      (abbreviate-file-name path))))))

(defvar imagewire--tokens 0 "How many waits there were.")

(defun imagewire--wait (work)
  "Wait until WORK is finished, without a limit, 50 s at a time."
  (let* ((token (format "emacs-%d" (cl-incf imagewire--tokens)))
         (forget (lambda () (setf (alist-get token imagewire--listeners nil t #'equal) nil))))
    (push (cons token (lambda (report)
                        (unless (imagewire--work-cancelled work)
                          (setf (imagewire--work-eta work) (plist-get report :eta_ms))
                          (imagewire--show work (imagewire--progress-words report)))))
          imagewire--listeners)
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
    (imagewire--say "%s: cancelled.  Nothing was sent" (imagewire--short (imagewire--work-prompt work) 30)))
   (t
    (setf (imagewire--work-cancelled work) t
          (imagewire--work-eta work) nil)
    (imagewire--show work "cancelling")
    ;; Without an id the reply to `submit' is still to come, and cancels.
    (when (imagewire--work-id work)
      (imagewire--guarded #'imagewire--call :cancel (list :id (imagewire--work-id work)) #'ignore)))))

(defun imagewire--leave ()
  "End the process before Emacs ends, after its cancellations.
Other predictions go on, and `imagewire-list' shows them."
  (let ((end (+ (float-time) 2)))
    (condition-case nil
        (while (and (cl-some #'imagewire--work-cancelled imagewire--in-progress) (< (float-time) end))
          (accept-process-output nil 0.05))
      (quit nil)))
  (imagewire-stop))

(add-hook 'kill-emacs-hook #'imagewire--leave)

(defun imagewire--submit (work)
  "Ask for the image of WORK, for the current buffer."
  (let* ((prompt (imagewire--work-prompt work))
         (folder (imagewire--image-folder))
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
  "Make an image of PROMPT and insert a link to it at point.
With an active region the prompt is its text, and the link gets a
new line below it; a prefix argument asks for words that go before
the text.  From Lisp, END is the position below whose line the
link goes.

Return at once: the link lands where the command was given,
wherever that text is by then."
  (interactive
   (progn
     (barf-if-buffer-read-only)
     (if (use-region-p)
         (list (concat (when current-prefix-arg (concat (read-string "Image of (words before the region): ") "\n"))
                       (buffer-substring-no-properties (region-beginning) (region-end)))
               (region-end))
       (list (read-string "Image of: ")))))
  (barf-if-buffer-read-only)
  (setq prompt (string-trim prompt))
  (when (string-empty-p prompt) (user-error "The prompt is empty"))
  (when (cl-some (lambda (character) (> character #x10FFFF)) (string-to-multibyte prompt))
    (user-error "The prompt contains bytes that are not text.  Nothing was sent"))
  (when-let ((folder (imagewire--image-folder)))
    (unless (imagewire--linkable-p (expand-file-name (concat (or (imagewire--name prompt) "image") ".png") folder))
      (user-error "A link into `imagewire-folder' would not be safe in this mode.  Nothing was sent")))
  (let* ((there (if end (save-excursion (goto-char end) (if (and (bolp) (> end (point-min))) (1- end) end))
                  (point)))
         (work (imagewire--work :prompt prompt :place (make-overlay there there) :own-line (and end t))))
    (push work imagewire--in-progress)
    (add-to-list 'mode-line-misc-info '(imagewire--in-progress (" [" (:eval (imagewire--mode-line)) "] ")))
    (deactivate-mark)
    (imagewire--show work "created")
    ;; Also where it is quit, while a key is asked for or a long prompt is sent.
    (unwind-protect (imagewire--submit work)
      (unless (imagewire--work-call work) (imagewire--finish work)))
    nil))

;;;###autoload
(defun imagewire-cancel (&optional all)
  "Cancel the image in progress, or a chosen one; with ALL, every one.
A message says whether it may cost something anyway."
  (interactive "P")
  (cond ((null imagewire--in-progress) (imagewire--say "no image is in progress"))
        ((or all (null (cdr imagewire--in-progress)))
         (mapc #'imagewire--cancel (copy-sequence imagewire--in-progress)))
        (t
         (let* ((choices (cl-loop for work in (reverse imagewire--in-progress)
                                  for number from 1
                                  collect (cons (format "%d %s" number
                                                        (imagewire--short (imagewire--work-prompt work) 60))
                                                work)))
                (choice (completing-read "Cancel which image? " choices nil t)))
           (when-let ((work (cdr (assoc choice choices)))) (imagewire--cancel work))))))

;; It is not beside its mode: beginning with this command must load the whole package.
;;;###autoload
(defun imagewire-list (&optional text)
  "List the newest 50 images of all editors.
With a prefix argument ask for TEXT, and list images whose prompt has it."
  (interactive (list (when current-prefix-arg (read-string "Images whose prompt has: "))))
  (let ((origin (current-buffer)))
    (with-current-buffer (get-buffer-create "*imagewire*")
      (unless (derived-mode-p 'imagewire-list-mode) (imagewire-list-mode))
      (unless (eq origin (current-buffer)) (setq imagewire-list--origin origin))
      (setq imagewire-list--text (unless (equal text "") text))
      (imagewire-list--refresh)
      (pop-to-buffer (current-buffer)))))

(provide 'imagewire)
;;; imagewire.el ends here
