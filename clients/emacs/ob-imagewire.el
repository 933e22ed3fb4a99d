;;; ob-imagewire.el --- Images as blocks of Org Babel  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; (with-eval-after-load 'org (require 'ob-imagewire)) lets Org execute and export blocks such as
;;
;;     #+begin_src imagewire :file fox.png :size 1536x1024
;;     a red fox in snow
;;     #+end_src
;;
;; The image is made once.  The program does it, as imagewire build: imagewire.lock.json beside the image says by which
;; block it was made, so that whoever has both files neither makes nor pays for it again.

;;; Code:

(require 'ob)
(require 'org-src)
(require 'subr-x)
(require 'imagewire-message)
(require 'imagewire-process)
(require 'imagewire-settings)

(declare-function clear-image-cache "image.c" (&optional filter animation-cache))

(defvar org-babel-default-header-args:imagewire '((:results . "file") (:exports . "results"))
  "Default arguments of a block: it becomes its image.")

(add-to-list 'org-src-lang-modes '("imagewire" . text))

(defun imagewire--babel-block ()
  "Return the text of the block that is executed.
The program reads it as it does in the document: arguments from
elsewhere, such as properties, would make it another image."
  (save-excursion
    (save-match-data
      (goto-char (or org-babel-current-src-block-location (point)))
      (let ((case-fold-search t))
        (unless (looking-at org-babel-src-block-regexp)
          (user-error "An image needs a block, not a call or an inline block.  Nothing was sent"))
        (let* ((text (match-string-no-properties 0))
               (first (string-search "\n" text)))
          ;; Whether it is to be executed was decided by Org.
          (concat (replace-regexp-in-string "[ \t]:eval[ \t]+[^ \t\n:]+" "" (substring text 0 first))
                  (substring text first)))))))

(defun imagewire--babel-environment ()
  "Return the environment of the program, with the keys that are set."
  (let ((environment process-environment))
    (maphash (lambda (name value)
               (when (string-suffix-p "_api_key" name) (push (concat (upcase name) "=" value) environment)))
             (imagewire--configuration))
    environment))

(defun imagewire--babel-folder ()
  "Return the folder of the document, without a slash at its end."
  (directory-file-name (expand-file-name default-directory)))

(defun imagewire--babel-arguments (document)
  "Return the arguments of imagewire build for the file DOCUMENT."
  (let ((provider (gethash "provider" (imagewire--configuration))))
    (append (list "build" document "--quiet" (concat "--folder=" (imagewire--babel-folder)))
            (when provider (list (concat "--provider=" provider)))
            ;; Nobody may be there to be asked.
            (when imagewire-ask-above (list (format "--max-cost=%s" imagewire-ask-above) "--max-cost-estimates")))))

(defun imagewire--babel-run (document)
  "Run imagewire build for the file DOCUMENT; return what it did.
Signal a `user-error' with what it says where it fails."
  (let* ((buffer (generate-new-buffer " *imagewire build*"))
         (command (imagewire--found-command))
         (process-environment (imagewire--babel-environment))
         (process (make-process :name "imagewire build" :buffer buffer :noquery t :connection-type 'pipe :coding 'utf-8
                                :sentinel #'ignore :command (append command (imagewire--babel-arguments document))))
         (wait (lambda (seconds)
                 (let ((end (and seconds (+ (float-time) seconds))))
                   (while (and (process-live-p process) (not (and end (> (float-time) end))))
                     (accept-process-output process 0.1)))
                 (while (accept-process-output process 0.01)))))
    (unwind-protect
        (let ((stopped (condition-case nil
                           (progn (funcall wait nil) nil)
                         (quit
                          ;; It withdraws what was not sent, and says what goes on.
                          (interrupt-process process)
                          (funcall wait 3)
                          t)))
              (said (string-trim (string-replace (concat document ":1: ") ""
                                                 (with-current-buffer buffer (buffer-string))))))
          (cond (stopped (user-error "%s" (imagewire--one-line said)))
                ((/= 0 (process-exit-status process))
                 (user-error "%s" (imagewire--one-line (string-replace "imagewire: " "" said))))
                (t (or (seq-find (lambda (line) (string-match-p "\\`[a-z]+ +/" line)) (split-string said "\n")) said))))
      (when (process-live-p process) (delete-process process))
      (kill-buffer buffer))))

(defun org-babel-execute:imagewire (_body params)
  "Make the image of the block with PARAMS, unless it is there.
Org calls this function."
  (let ((file (or (alist-get :file params) (user-error "The block names no file: add :file fox.png.  Nothing was sent")))
        (block (imagewire--babel-block))
        (document (make-temp-file "imagewire" nil ".org")))
    (unwind-protect
        (let ((said (progn
                      (write-region block nil document nil 'quiet)
                      (imagewire--say "making %s" file)
                      (imagewire--babel-run document))))
          (unless (file-exists-p (expand-file-name file))
            (user-error "No image was made: %s" (imagewire--one-line said)))
          ;; Another image may have been shown under its name.
          (when (display-images-p) (clear-image-cache (expand-file-name file)))
          (imagewire--say "%s" (string-replace (file-name-as-directory (imagewire--babel-folder)) "" said)))
      (delete-file document)))
  ;; Org inserts the link to :file.
  nil)

(provide 'ob-imagewire)
;;; ob-imagewire.el ends here
